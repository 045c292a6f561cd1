"""The model hub: its local cache, and a download that never blocks without progress."""

import hashlib
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub as hub
from huggingface_hub import errors as hub_errors

STALL = 20.0  # seconds without a new byte until a download is stopped
PIECE = 1 << 18  # bytes
LOOK = 0.1  # seconds between two checks of the progress

Loaded = Callable[[int, int], None]  # bytes so far, and in all


@dataclass(frozen=True)
class Remote:
    """A file of weights on the hub, with what must lie beside it; no repository: only a pickle.

    `beside` are needed, `perhaps` taken where they exist. `facts` are fields of Weights.
    """

    repository: str
    file: str = "model.safetensors"
    beside: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def cached(remote: Remote) -> Path | None:
    """The weights in the local cache of the hub, if they exist with all that belongs to them."""
    found = [_in_cache(remote, name) for name in (remote.file, *remote.beside)]
    return found[0] if all(found) else None


def _in_cache(remote: Remote, name: str) -> Path | None:
    if not remote.repository:
        return None
    found = hub.try_to_load_from_cache(remote.repository, name)
    return Path(found) if isinstance(found, str) else None


def download(
    remote: Remote,
    timeout: float,
    *,
    damaged: Path | None = None,
    loaded: Loaded = lambda done, total: None,
) -> Path | str:
    """Download the weights if the hub answers in time, else return the reason.

    `damaged` is an unusable copy in the local cache. `loaded` gets the progress.
    The file is compared with the SHA-256 from the hub.
    """
    where = (remote.repository, remote.file)
    if not remote.repository:
        return "the hub has its weights only as a pickle, which is not read"
    endpoint = os.environ.get("HF_ENDPOINT") or hub.constants.ENDPOINT
    found = _ask(hub.hf_hub_url(*where, endpoint=endpoint), timeout)
    if isinstance(found, str):
        return found
    if damaged is not None:  # else the hub's client keeps a copy that is not a symbolic link
        _remove(damaged)
    file = _fetch(remote, endpoint, found.size or 0, damaged is not None, loaded)
    if isinstance(file, str):
        return file
    wanted = found.etag or ""  # of a large file the SHA-256, of a small one a git hash
    if re.fullmatch(r"[0-9a-f]{64}", wanted):
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != wanted:
                _remove(file)
                return "the file is not the one that the hub announced (different SHA-256)"
    return file


def _remove(file: Path) -> None:
    """Remove a file from the cache, and the file that it links to."""
    file.resolve().unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _fetch(remote: Remote, endpoint: str, size: int, fresh: bool, loaded: Loaded) -> Path | str:
    """Download in a supervised thread: nobody waits for a server that stops sending."""
    ended: list[Path | str] = []

    # By plain HTTP and in small pieces, so that the file on disk shows the progress; by
    # default the client writes 10 MB at once, which takes minutes on a slow connection.
    hub.constants.HF_HUB_DISABLE_XET = True
    hub.constants.DOWNLOAD_CHUNK_SIZE = PIECE

    def fetch() -> None:
        try:
            get = partial(hub.hf_hub_download, remote.repository, endpoint=endpoint)
            for name in remote.beside:
                get(name)
            for name in remote.perhaps:
                with suppress(hub_errors.EntryNotFoundError):
                    get(name)
            ended.append(Path(get(remote.file, force_download=fresh)))
        except Exception as error:  # whatever fails in a download, the bundled backbone still works
            ended.append(f"the download broke off ({_reason(error)})")

    repository = (
        Path(hub.constants.HF_HUB_CACHE) / f"models--{remote.repository.replace('/', '--')}"
    )
    thread = threading.Thread(target=fetch, name="hub-download", daemon=True)
    thread.start()
    done, since = 0, monotonic()
    while not ended:
        thread.join(LOOK)
        # Only a new maximum counts: with a hub that always cuts off, downloads start again each
        # time.
        if (now := _arrived(repository)) > done:
            done, since = now, monotonic()
            loaded(min(done, size or done), size)
        elif monotonic() - since > STALL:
            return f"the download stood still for {STALL:g} s after {done / 1e6:.1f} MB"
    return ended[0]


def _arrived(repository: Path) -> int:
    """Bytes of the file in the cache so far; the client's own bar shows only on terminals."""
    sizes = [0]
    for file in repository.glob("blobs/*.incomplete"):
        try:
            sizes.append(file.stat().st_size)
        except FileNotFoundError:  # it is complete and was moved
            continue
    return max(sizes)


def _reason(error: Exception) -> str:
    """The kind of an error, and its first sentence if it has one."""
    text = str(error).strip().partition("\n")[0].partition(". ")[0][:120]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _ask(url: str, timeout: float) -> "hub.HfFileMetadata | str":
    """Ask for one file's metadata; the hub's reply, or the reason why there is no reply.

    In a thread, because a client's timeout limits neither the name look-up nor a server
    that sends a byte now and then; by default, timm tries for nearly a minute.
    """
    answers: list[hub.HfFileMetadata | str] = []

    def ask() -> None:
        try:
            answers.append(hub.get_hf_file_metadata(url, timeout=timeout))
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
