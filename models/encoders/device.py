"""The device that computes; found without timm, whose import takes seconds."""

import os

import torch

from models.encoders.errors import BackboneError


def pick_device(device: str | None = None) -> str:
    """Take the argument, else HONE_DEVICE, else the first of cuda, mps, cpu that is there."""
    asked = device or os.environ.get("HONE_DEVICE")
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there = ["mps", *there]
    if torch.cuda.is_available():
        there = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count())), *there]
    if asked and asked not in there:
        raise BackboneError(f"device {asked!r} is not here; use one of: {', '.join(there)}")
    return asked or there[0]
