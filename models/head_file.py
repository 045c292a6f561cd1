"""A head's file: a fitted head and its space's centre, without pickle."""

import io
import os
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from models.head import LinearHead

FILE_FORMAT = 1


class DamagedHeadError(ValueError):
    """Raised when a head's file cannot be read; the head is fitted again from the answers."""


def save_head(path: Path, head: LinearHead, center: npt.NDArray[np.float32]) -> None:
    """Write a head and its space's centre (D,) to `path`, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            np.savez(
                file,
                format=FILE_FORMAT,
                classes=head.classes,
                weight=head.weight,
                bias=head.bias,
                strength=head.strength,
                iterations=head.iterations,
                center=np.asarray(center, dtype=np.float32),
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_head(path: Path) -> tuple[LinearHead, npt.NDArray[np.float32]]:
    """Read (head, centre) as `save_head` wrote them; a damaged file raises DamagedHeadError."""
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            if int(stored["format"]) != FILE_FORMAT:
                raise ValueError(f"format {int(stored['format'])} is not {FILE_FORMAT}")
            head = LinearHead(
                classes=stored["classes"].astype(np.int64, casting="safe"),
                weight=stored["weight"].astype(np.float32, casting="safe"),
                bias=stored["bias"].astype(np.float32, casting="safe"),
                strength=float(stored["strength"]),
                iterations=int(stored["iterations"]),
            )
            center: npt.NDArray[np.float32] = stored["center"].astype(np.float32, casting="safe")
        if center.shape != head.weight.shape[1:]:
            raise ValueError(f"centre {center.shape} does not fit weight {head.weight.shape}")
        if not np.isfinite(center).all():
            raise ValueError("the centre is not finite")
    # Damaged bytes surface as any of a dozen types (zip, struct, numpy); all mean the same here.
    except Exception as error:
        raise DamagedHeadError(
            f"{path} is not a readable head ({error}): delete it, the next round writes a new one"
        ) from error
    return head, center
