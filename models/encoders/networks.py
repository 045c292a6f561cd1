"""Networks: timm models from a file of weights, checked, frozen and fingerprinted."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import timm
import torch
from timm.data.config import resolve_model_data_config
from timm.models import get_pretrained_cfg
from torch import nn

from models.encoders.checkpoint import load_checkpoint
from models.encoders.errors import BackboneError, DamagedWeightsError, UnknownBackboneError
from models.encoders.features import POOLED, part_weights, read_out, widths
from models.encoders.stamp import PREPARE_VERSION
from models.encoders.weights import Weights


@dataclass(frozen=True)
class Network:
    """A frozen timm network without its classifier, (B, 3, H, W) -> (B, D), on the CPU."""

    model: nn.Module
    config: dict[str, Any]  # timm's data config: input size, mean, std, crop, interpolation
    widths: tuple[int, ...]  # of the parts of its features, which lie side by side
    weights: tuple[float, ...]  # how much each part counts
    fingerprint: str
    file: Path | None = None  # of its weights; None if they are random

    @property
    def dim(self) -> int:
        """The width of an embedding."""
        return sum(self.widths)


def load_network(weights: Weights, parts: tuple[str, ...] = (POOLED,)) -> Network:
    """Build the network, load the weights strictly, freeze it, and take its fingerprint.

    `parts` are the wanted features; see models.encoders.features.
    """
    try:
        model = _build(weights)
        architecture = str(model.pretrained_cfg["architecture"])
        size = {"img_size": weights.side} if weights.side else {}
        config: dict[str, Any] = cast(Any, resolve_model_data_config)(model, args=size)
        model.reset_classifier(0)
        model = read_out(model, parts, weights.name).eval().requires_grad_(False)
        if not all(value.isfinite().all() for value in model.state_dict().values()):
            raise ValueError("it holds values that are not finite")
        with torch.inference_mode():
            parted = widths(model, torch.zeros(1, *config["input_size"]))
    except BackboneError:
        raise
    except Exception as error:  # timm and safetensors raise half a dozen types for a bad file
        reason = str(error) or f"{type(error).__name__}, without details"
        raise DamagedWeightsError(
            f"{weights.file} cannot be loaded: {reason}; get the file again or name another "
            "backbone"
        ) from error
    fingerprint = _fingerprint(weights, config, architecture, parts)
    return Network(model, config, parted, part_weights(parts), fingerprint, weights.file)


def _build(weights: Weights) -> Any:
    """Make the timm model with its own classifier, so that timm finds every tensor of the file."""
    if weights.architecture is not None:
        return load_checkpoint(weights.file, weights.architecture, weights.config)
    if weights.timm_name is not None:
        config = get_pretrained_cfg(weights.timm_name)
        overlay: dict[str, Any] = {"file": str(weights.file), "source": ""}
        if config is not None and not config.hf_hub_filename:
            overlay["custom_load"] = (
                False  # that format is for the file at `url`, not for the hub's
            )
        more: dict[str, Any] = {"pretrained_cfg_overlay": overlay}
        if weights.side is not None and config is not None and config.fixed_input_size:
            more["img_size"] = weights.side
        return timm.create_model(weights.timm_name, pretrained=True, **more)
    config_file = weights.file.parent / "config.json"
    try:
        architecture = json.loads(config_file.read_text("utf-8"))["architecture"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedWeightsError(
            f"{config_file} names no architecture ({error}); get the file again"
        ) from error
    if not timm.is_model(architecture):
        raise UnknownBackboneError(
            f"{config_file} names {architecture!r}, which this timm ({timm.__version__}) does not "
            "know; correct it or install a newer timm"
        )
    return timm.create_model(f"local-dir:{weights.file.parent}", pretrained=True)


def _fingerprint(
    weights: Weights, config: dict[str, Any], architecture: str, parts: tuple[str, ...]
) -> str:
    """Hash architecture, weights, preprocessing and features into a valid folder name."""
    saved = weights.config
    if weights.timm_name is None and weights.architecture is None:
        saved = json.loads((weights.file.parent / "config.json").read_text("utf-8"))
    with weights.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = [architecture, saved.get("model_args"), digest, config, PREPARE_VERSION]
    facts += [] if parts == (POOLED,) else ["+".join(parts)]
    short = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return f"{architecture}-{short}"
