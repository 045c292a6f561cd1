"""Backbones: find the weights, say which were used and why, move them to the device."""

from pathlib import Path
from typing import Any, Literal, cast, overload

from models.encoders.catalogue import ENCODERS
from models.encoders.device import pick_device
from models.encoders.encoder import Encoder
from models.encoders.errors import (
    BackboneError,
    BackboneNotFoundError,
    DamagedWeightsError,
    EmbeddingError,
    UnknownBackboneError,
    UnknownFeaturesError,
)
from models.encoders.families import FAMILIES
from models.encoders.features import parse
from models.encoders.hub import Loaded, cached, download
from models.encoders.image import Backbone, Halving
from models.encoders.weights import Weights, bundled

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


@overload
def resolve(
    name: str | None = None,
    *,
    medium: Literal["image"] = "image",
    features: str | None = None,
    device: str | None = None,
    weights_dir: Path = WEIGHTS_DIR,
    timeout: float = 3.0,
    loaded: Loaded = lambda done, total: None,
) -> Backbone: ...


@overload
def resolve(
    name: str | None = None,
    *,
    medium: str,
    features: str | None = None,
    device: str | None = None,
    weights_dir: Path = WEIGHTS_DIR,
    timeout: float = 3.0,
    loaded: Loaded = lambda done, total: None,
) -> Encoder: ...


def resolve(
    name: str | None = None,
    *,
    medium: str = "image",
    features: str | None = None,
    device: str | None = None,
    weights_dir: Path = WEIGHTS_DIR,
    timeout: float = 3.0,
    loaded: Loaded = lambda done, total: None,
) -> Any:
    """Load a backbone: explicit path, else local cache, else an answering hub, else bundled.

    `name` is a key of ENCODERS, a model of timm (of transformers, for texts), a folder of weights
    (with or without `local-dir:`), a checkpoint (`file.safetensors` with a config.json next to it,
    or `architecture=file.safetensors`), or None or "bundled" for the bundled one of the medium,
    which needs no network. `features` is a choice of models.encoders.features; a bundled backbone
    that replaces another gives its pooled ones. `loaded` gets the progress of a download.
    """
    device, parts, family = pick_device(device), parse(features), FAMILIES[medium]
    if name is None or name == "bundled" or (name in ENCODERS and ENCODERS[name].is_bundled):
        why = "{}: the bundled pretrained model, which needs no network"
        return family.load(bundled(weights_dir, medium, why), device, parts)
    if (weights := family.named(name)) is not None:
        return family.load(weights, device, parts)
    remote = family.remote(name)

    def load(source: Literal["cache", "hub"], file: Path, how: str) -> Encoder:
        found = Weights(name, source, f"{name}: {how}", file, **remote.facts)
        return cast(Encoder, family.load(found, device, parts))

    missing = "it is not in the local cache"
    if (file := cached(remote)) is not None:
        try:
            return load("cache", file, "taken from the local cache of the hub")
        except DamagedWeightsError:
            missing = "its copy in the local cache is damaged"
    found = download(remote, timeout, damaged=file, loaded=loaded)
    if isinstance(found, Path):
        try:
            return load("hub", found, "downloaded from the hub")
        except DamagedWeightsError:
            found = "the hub's weights cannot be used"
    why = f"{name}: {found} and {missing}; using the bundled {{}}"
    return family.load(bundled(weights_dir, medium, why), device, parse(None))
