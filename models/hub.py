"""The model hub: its local cache, and a download that never makes anyone wait in vain."""

import os
import threading
from pathlib import Path
from urllib.parse import urlsplit

import huggingface_hub as hub
from huggingface_hub import errors as hub_errors
from timm.models import get_pretrained_cfg


def _weights_file(timm_name: str) -> tuple[str, str] | None:
    """Repository and file of the safetensors weights; None where there are only pickles."""
    config = get_pretrained_cfg(timm_name, allow_unregistered=False)
    if config is None or not config.hf_hub_id:
        return None
    file = config.hf_hub_filename or "model.safetensors"
    safe = {"open_clip_pytorch_model.bin": "open_clip_model.safetensors"}.get(file, file)
    return (config.hf_hub_id, safe) if safe.endswith(".safetensors") else None


def cached(timm_name: str) -> Path | None:
    """The weights in the local cache of the hub, if they are there."""
    where = _weights_file(timm_name)
    found = hub.try_to_load_from_cache(*where) if where else None
    return Path(found) if isinstance(found, str) else None


def download(timm_name: str, timeout: float, *, damaged: Path | None) -> Path | str:
    """Download the weights if the hub answers in time, else say why not."""
    where = _weights_file(timm_name)
    if where is None:
        return "the hub has its weights only as a pickle, which is not read"
    endpoint = os.environ.get("HF_ENDPOINT") or hub.constants.ENDPOINT
    silence = _ask(hub.hf_hub_url(*where, endpoint=endpoint), timeout)
    if silence is not None:
        return silence
    try:
        if damaged is not None:  # else the hub's client keeps a copy that is no symbolic link
            damaged.unlink(missing_ok=True)
        fresh = damaged is not None
        return Path(hub.hf_hub_download(*where, endpoint=endpoint, force_download=fresh))
    except Exception as error:  # whatever breaks a download, the bundled backbone still works
        return f"the download broke off ({type(error).__name__})"


def _ask(url: str, timeout: float) -> str | None:
    """Ask for one file's head; None if the hub has it, else why not.

    In a thread, because a client's timeout bounds neither the look-up of the name nor a server
    that sends a byte now and then; left to itself, timm tries for the better part of a minute.
    """
    answers: list[str | None] = []

    def ask() -> None:
        try:
            hub.get_hf_file_metadata(url, timeout=timeout)
            answers.append(None)
        except hub_errors.OfflineModeIsEnabled:
            answers.append("the hub is switched off (HF_HUB_OFFLINE)")
        except hub_errors.HfHubHTTPError as error:
            status = getattr(error.response, "status_code", "unknown")
            answers.append(f"the hub refused it (status {status})")
        except Exception as error:
            if "Timeout" in type(error).__name__:
                return
            host = urlsplit(url).netloc
            answers.append(f"the hub at {host} cannot be reached ({type(error).__name__})")

    thread = threading.Thread(target=ask, name="hub-probe", daemon=True)
    thread.start()
    thread.join(timeout)
    return answers[0] if answers else f"the hub did not answer within {timeout:g} s"
