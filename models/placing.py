"""Placing: a network onto a device, with all that embedding needs of it."""

import torch
from timm.data.transforms_factory import create_transform

from models.encoder import Backbone
from models.folding import fold
from models.networks import Network, Source


def place(network: Network, device: str, name: str, source: Source, why: str) -> Backbone:
    """Put a network onto the device; it is frozen already."""
    config = network.config
    model = fold(network.model, torch.rand(2, *config["input_size"]))
    if not device.startswith("mps"):  # on a CPU, too, never slower and up to twice as fast
        model = model.to(memory_format=torch.channels_last)
    return Backbone(
        name=name,
        source=source,
        why=why,
        fingerprint=network.fingerprint,
        dim=network.dim,
        device=device,
        input_size=tuple(config["input_size"][1:]),
        model=model.to(device),
        transform=create_transform(**config, use_prefetcher=False, normalize=False),
        mean=torch.tensor(config["mean"], device=device).view(1, -1, 1, 1),
        std=torch.tensor(config["std"], device=device).view(1, -1, 1, 1),
        shorter_side=int(min(config["input_size"][1:]) / config["crop_pct"]),
        half=torch.float16 if device.startswith("cuda") else None,
    )
