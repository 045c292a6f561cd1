"""Speed: the images per second of a network on this machine, without its weights."""

from typing import Any, cast

import numpy as np
import timm
import torch
from timm.data.config import resolve_model_data_config

from models.encoders.backbones import ENCODERS, resolve
from models.encoders.catalogue import CatalogueEntry
from models.encoders.device import pick_device
from models.encoders.features import offered, parse, part_weights, read_out, widths
from models.encoders.image import Backbone
from models.encoders.networks import Network
from models.encoders.pace import pace
from models.encoders.to_device import place

SMALL_BATCH = 8  # on a CPU: large enough for its speed, small enough for a slow network to finish


def blank(name: str, features: str | None = None, device: str | None = None) -> Backbone:
    """A backbone of the catalogue or of timm with random weights: equally fast, but not loaded."""
    entry: CatalogueEntry | None = ENCODERS.get(name)
    device = pick_device(device)
    model: Any = timm.create_model(entry.model if entry else name, pretrained=False, num_classes=0)
    if entry and model.pretrained_cfg.get("fixed_input_size"):
        model = timm.create_model(entry.model, num_classes=0, img_size=entry.input_size)
    size = {"img_size": entry.input_size} if entry else {}
    config: dict[str, Any] = cast(Any, resolve_model_data_config)(model, args=size)
    parts = parse(features)
    network = read_out(model, parts, name).eval().requires_grad_(False)
    with torch.inference_mode():
        parted = widths(network, torch.zeros(1, *config["input_size"]))
    made = Network(network, config, parted, part_weights(parts), "blank")
    return place(made, device, name, "path", "random weights")


def measure(backbone: Backbone, seconds: float = 2.0) -> float:
    """Images per second of the whole forward pass, from as many batches as fit into `seconds`.

    A first batch warms up, unless on a CPU it takes all the time by itself; on a GPU, where the
    first one searches for the fastest kernels for seconds, it never counts.
    """
    size = SMALL_BATCH if backbone.device == "cpu" else backbone.batch
    shape = (size, *backbone.framing.size, 3)
    batch = list(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    return pace(
        lambda: backbone.embed_framed(batch), size, seconds, warms_up=backbone.device != "cpu"
    )


def speed_of(name: str, features: str | None = None, device: str | None = None) -> float:
    """Images per second of a name as `resolve` takes it, in about 2.5 seconds.

    Only a folder or a file is read; weights that may need a download are random instead.
    """
    downloaded = name in ENCODERS or timm.is_model(name.partition(".")[0])
    if downloaded and name != "bundled":
        return measure(blank(name, features, device))
    return measure(resolve(name, features=features, device=device))


def features_of(name: str) -> tuple[str, ...]:
    """The features that a name, as `resolve` takes it, offers; nothing is downloaded."""
    entry = ENCODERS.get(name)
    architecture = entry.model if entry else name
    if not timm.is_model(architecture.partition(".")[0]):
        return offered(resolve(name, device="cpu").model)
    with torch.device("meta"):  # shapes only
        return offered(timm.create_model(architecture, pretrained=False, num_classes=0))
