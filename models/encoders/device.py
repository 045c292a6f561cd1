"""The computing device, found without timm, whose import takes seconds."""

import os

import torch

from models.encoders.errors import BackboneError


def pick_device(device: str | None = None) -> str:
    """The argument, else HONE_DEVICE, else the first available of cuda, mps, cpu."""
    asked = device or os.environ.get("HONE_DEVICE", "").strip()
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there = ["mps", *there]
    if torch.cuda.is_available():
        there = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count())), *there]
    if asked and asked not in there:
        raise BackboneError(f"device {asked!r} is not available; use one of: {', '.join(there)}")
    return asked or there[0]
