"""Names of image backbones: a folder, a checkpoint, a timm model, or one of the catalogue."""

import difflib
import os
from pathlib import Path

import timm
from timm.models import get_pretrained_cfg

from models.encoders.catalogue import ENCODERS, catalogue
from models.encoders.checkpoint import find_checkpoint, is_checkpoint
from models.encoders.errors import UnknownBackboneError
from models.encoders.hub import Remote
from models.encoders.weights import Weights, in_folder

LAYOUT = "timm's local-dir layout"


def named(name: str) -> Weights | None:
    """The folder or file of weights, if the name is its path; else None."""
    if is_checkpoint(name):
        file, architecture, config = find_checkpoint(name)
        why = f"{file.name}: taken from the given file, as a {architecture}"
        return Weights(file.stem, "path", why, file, architecture=architecture, config=config)
    if name.startswith("local-dir:") or os.sep in name or "/" in name or Path(name).is_dir():
        folder = Path(name.removeprefix("local-dir:")).expanduser()
        return in_folder(folder, "path", f"{folder.name}: taken from the given folder", LAYOUT)
    return None


def remote(name: str) -> Remote:
    """Where the weights of a catalogue or timm name lie; raises with similar names."""
    timm_name, side = timm_name_of(name)
    config = get_pretrained_cfg(timm_name, allow_unregistered=False)
    repository, file = "", "model.safetensors"
    if config is not None and config.hf_hub_id:
        repository, file = config.hf_hub_id, config.hf_hub_filename or file
        file = {"open_clip_pytorch_model.bin": "open_clip_model.safetensors"}.get(file, file)
    if not file.endswith(".safetensors"):
        repository = ""
    return Remote(repository, file, facts={"timm_name": timm_name, "side": side})


def timm_name_of(name: str) -> tuple[str, int | None]:
    """Timm's name and an input size for a catalogue or timm name; raises with similar names."""
    entry = ENCODERS.get(name)
    timm_name = entry.model if entry else name
    base, _, tag = timm_name.partition(".")
    known = timm.list_models(pretrained=True)
    tags = [full for full in known if full.partition(".")[0] == base]
    if timm_name in tags or (not tag and tags):
        return timm_name, entry.input_size if entry else None
    ours = catalogue("image")
    near = tags or difflib.get_close_matches(name, [*ours, *known], 5, 0.5)
    what = f"has no weights named {tag!r}" if tags else "is not a pretrained model of timm"
    hint = f"; did you mean {', '.join(near)}?" if near else f"; use one of {', '.join(ours)}"
    raise UnknownBackboneError(f"{name!r} {what}{hint}")
