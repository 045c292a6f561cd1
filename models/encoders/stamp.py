"""Whether what has made embeddings is still the same, without loading it."""

from importlib.metadata import version
from pathlib import Path

# Part of every fingerprint: raised if decoding or pixels.to_rgb changes, so that rows never mix.
PREPARE_VERSION = 2


def stamp(weights: Path) -> list[str | int]:
    """Changes with the file of weights or its config.json, with timm, and with the preparation."""
    facts: list[str | int] = [str(weights), version("timm"), PREPARE_VERSION]
    for file in (weights, weights.parent / "config.json"):
        if file.is_file():
            facts += [file.stat().st_size, file.stat().st_mtime_ns]
    return facts
