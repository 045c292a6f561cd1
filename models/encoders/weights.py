"""Weights that were found: a file, and the words for the screen."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.encoders.encoder import Source
from models.encoders.errors import BackboneNotFoundError


@dataclass(frozen=True)
class Weights:
    """Weights that were found: the file, its timm model, and the words for the screen."""

    name: str
    source: Source
    why: str
    file: Path
    timm_name: str | None = None  # None: the file lies in a folder with a config.json
    side: int | None = None  # an input size other than that of the training
    architecture: str | None = None  # for a checkpoint that was given as a file, and
    config: dict[str, Any] = field(default_factory=dict)  # the content of its config.json


def in_folder(folder: Path, source: Source, why: str, layout: str) -> Weights:
    """The weights of a folder; raises BackboneNotFoundError that says what is missing."""
    if not folder.is_dir():
        raise BackboneNotFoundError(f"there is no folder {folder}; name a folder of weights")
    for need in ("config.json", "model.safetensors"):
        if not (folder / need).is_file():
            raise BackboneNotFoundError(
                f"{folder} has no {need}; name a folder in {layout}, which holds "
                "config.json and model.safetensors (pickled weights are not read)"
            )
    return Weights(folder.name, source, why, folder / "model.safetensors")


def bundled(weights_dir: Path, medium: str, why: str) -> Weights:
    """The one folder of bundled weights of a medium; `why` has {} for its name."""
    folders = [
        one.parent for one in sorted(weights_dir.glob("*/config.json")) if _is_of(one, medium)
    ]
    if not folders:
        raise BackboneNotFoundError(
            f"{weights_dir} holds no pretrained model (a folder with config.json and "
            "model.safetensors); install Hone again, or name a folder of weights"
        )
    return in_folder(folders[0], "bundled", why.format(folders[0].name), "Hone's own layout")


def _is_of(config: Path, medium: str) -> bool:
    """Whether a config.json is that of a medium; it says so unless it is of images."""
    try:
        told = json.loads(config.read_text("utf-8"))
    except ValueError:
        return medium == "image"  # named as damaged when it is loaded
    return isinstance(told, dict) and told.get("medium", "image") == medium
