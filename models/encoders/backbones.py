"""Backbones: find the weights, say which were used and why, move them to the device."""

import difflib
import os
from pathlib import Path

import timm

from models.encoders.catalogue import ENCODERS
from models.encoders.checkpoint import find_checkpoint, is_checkpoint
from models.encoders.device import pick_device
from models.encoders.errors import (
    BackboneError,
    BackboneNotFoundError,
    DamagedWeightsError,
    EmbeddingError,
    UnknownBackboneError,
    UnknownFeaturesError,
)
from models.encoders.features import parse
from models.encoders.hub import Loaded, cached, download
from models.encoders.image import Backbone, Halving
from models.encoders.networks import Source, Weights, load_network
from models.encoders.to_device import place

__all__ = [
    "ENCODERS",
    "WEIGHTS_DIR",
    "Backbone",
    "BackboneError",
    "BackboneNotFoundError",
    "DamagedWeightsError",
    "EmbeddingError",
    "Halving",
    "UnknownBackboneError",
    "UnknownFeaturesError",
    "resolve",
]

WEIGHTS_DIR = Path(__file__).parents[1] / "weights"


def resolve(
    name: str | None = None,
    *,
    features: str | None = None,
    device: str | None = None,
    weights_dir: Path = WEIGHTS_DIR,
    timeout: float = 3.0,
    loaded: Loaded = lambda done, total: None,
) -> Backbone:
    """Load a backbone: explicit path, else local cache, else an answering hub, else bundled.

    `name` is a key of ENCODERS, a timm model, a folder in timm's local-dir layout (with or
    without `local-dir:`), a checkpoint (`file.safetensors` with a config.json next to it, or
    `architecture=file.safetensors`), or None or "bundled" for the bundled one, which needs no
    network. `features` is a choice of models.encoders.features; a bundled backbone that
    replaces another gives its pooled ones. `loaded` gets the progress of a download.
    """
    device, parts = pick_device(device), parse(features)
    if name is None or name == "bundled":
        why = "{}: the bundled pretrained model, which needs no network"
        return _load(_bundled(weights_dir, why), device, parts)
    if (weights := _named(name)) is not None:
        return _load(weights, device, parts)
    timm_name, side = timm_name_of(name)
    missing = "it is not in the local cache"
    if (file := cached(timm_name)) is not None:
        try:
            why = f"{name}: taken from the local cache of the hub"
            return _load(Weights(name, "cache", why, file, timm_name, side), device, parts)
        except DamagedWeightsError:
            missing = "its copy in the local cache is damaged"
    found = download(timm_name, timeout, damaged=file, loaded=loaded)
    if isinstance(found, Path):
        try:
            why = f"{name}: downloaded from the hub"
            return _load(Weights(name, "hub", why, found, timm_name, side), device, parts)
        except DamagedWeightsError:
            found = "the hub's weights cannot be used"
    why = f"{name}: {found} and {missing}; using the bundled {{}}"
    return _load(_bundled(weights_dir, why), device, parse(None))


def _named(name: str) -> Weights | None:
    """The folder or file of weights, if the name is its path; else None."""
    if is_checkpoint(name):
        file, architecture, config = find_checkpoint(name)
        why = f"{file.name}: taken from the given file, as a {architecture}"
        return Weights(file.stem, "path", why, file, architecture=architecture, config=config)
    if name.startswith("local-dir:") or os.sep in name or "/" in name or Path(name).is_dir():
        folder = Path(name.removeprefix("local-dir:")).expanduser()
        return _in_folder(folder, "path", f"{folder.name}: taken from the given folder")
    return None


def timm_name_of(name: str) -> tuple[str, int | None]:
    """Timm's name and an input size for a catalogue or timm name; raises with similar names."""
    entry = ENCODERS.get(name)
    timm_name = entry.timm if entry else name
    base, _, tag = timm_name.partition(".")
    known = timm.list_models(pretrained=True)
    tags = [full for full in known if full.partition(".")[0] == base]
    if timm_name in tags or (not tag and tags):
        return timm_name, entry.input_size if entry else None
    near = tags or difflib.get_close_matches(name, [*ENCODERS, *known], 5, 0.5)
    what = f"has no weights named {tag!r}" if tags else "is not a pretrained model of timm"
    hint = f"; did you mean {', '.join(near)}?" if near else f"; use one of {', '.join(ENCODERS)}"
    raise UnknownBackboneError(f"{name!r} {what}{hint}")


def _in_folder(folder: Path, source: Source, why: str) -> Weights:
    if not folder.is_dir():
        raise BackboneNotFoundError(f"there is no folder {folder}; name a folder of weights")
    for need in ("config.json", "model.safetensors"):
        if not (folder / need).is_file():
            raise BackboneNotFoundError(
                f"{folder} has no {need}; name a folder in timm's local-dir layout, which holds "
                "config.json and model.safetensors (pickled weights are not read)"
            )
    return Weights(folder.name, source, why, folder / "model.safetensors")


def _bundled(weights_dir: Path, why: str) -> Weights:
    """The one folder of bundled weights; `why` has {} for its name."""
    folders = sorted(config.parent for config in weights_dir.glob("*/config.json"))
    if not folders:
        raise BackboneNotFoundError(
            f"{weights_dir} holds no pretrained model (a folder with config.json and "
            "model.safetensors); install Hone again, or name a folder of weights"
        )
    return _in_folder(folders[0], "bundled", why.format(folders[0].name))


def _load(weights: Weights, device: str, parts: tuple[str, ...]) -> Backbone:
    """Move the network of these weights to the device."""
    network = load_network(weights, parts)
    return place(network, device, weights.name, weights.source, weights.why)
