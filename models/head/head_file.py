"""A head's file: a fitted head and its space's centre, without pickle."""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from models.head import Head
from models.head.linear import LinearHead
from models.head.mlp import MlpHead

FILE_FORMAT = 2  # format 1 had only linear heads, without a temperature


class DamagedHeadError(ValueError):
    """Raised if a head's file cannot be read; the head is fitted again from the answers."""


def save_head(path: Path, head: Head, center: npt.NDArray[np.float32]) -> None:
    """Write a head of a known kind and its space's centre (D,) to `path`, all or nothing."""
    parts = _parts(head)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            np.savez(
                file,
                format=FILE_FORMAT,
                classes=head.classes,
                strength=head.strength,
                temperature=head.temperature,
                center=np.asarray(center, dtype=np.float32),
                **parts,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_head(path: Path) -> tuple[LinearHead | MlpHead, npt.NDArray[np.float32]]:
    """Read (head, centre) as written by `save_head`; a damaged file raises DamagedHeadError."""
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
                raise ValueError("it is compressed, and its size would be unlimited")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            head = _read(stored)
            center = _floats(stored, "center")
        if center.shape != (head.width,):
            raise ValueError(f"centre {center.shape} does not fit a head of width {head.width}")
        if not np.isfinite(center).all():
            raise ValueError("the centre is not finite")
    # Damaged bytes raise any of a dozen types (zip, struct, numpy); all mean the same here.
    except Exception as error:
        raise DamagedHeadError(
            f"{path} is not a readable head ({error}): delete it, the next round writes a new one"
        ) from error
    return head, center


def _parts(head: Head) -> dict[str, Any]:
    """The parts that only this kind of head has; its name is `kind`."""
    if isinstance(head, LinearHead):
        own = {"weight": head.weight, "bias": head.bias, "iterations": head.iterations}
        return {"kind": "linear", **own}
    if isinstance(head, MlpHead):
        own = {"weight": head.weight, "bias": head.bias, "epochs": head.epochs}
        hidden = {"hidden_weight": head.hidden_weight, "hidden_bias": head.hidden_bias}
        return {"kind": "mlp", **own, **hidden}
    raise TypeError(f"no file format for a head of type {type(head).__name__}")


def _read(stored: Mapping[str, Any]) -> LinearHead | MlpHead:
    """The head in a file of this format or of format 1."""
    version = int(stored["format"])
    if version not in (1, FILE_FORMAT):
        raise ValueError(f"format {version} is not {FILE_FORMAT}")
    kind = "linear" if version == 1 else str(stored["kind"])
    temperature = 1.0 if version == 1 else float(stored["temperature"])
    classes = stored["classes"].astype(np.int64, casting="safe")
    weight, bias = _floats(stored, "weight"), _floats(stored, "bias")
    strength = float(stored["strength"])
    if kind == "linear":
        iterations = int(stored["iterations"])
        return LinearHead(classes, weight, bias, strength, iterations, temperature)
    if kind == "mlp":
        hidden = _floats(stored, "hidden_weight"), _floats(stored, "hidden_bias")
        epochs = int(stored["epochs"])
        return MlpHead(classes, *hidden, weight, bias, strength, epochs, temperature)
    raise ValueError(f"a head of kind {kind!r} is unknown")


def _floats(stored: Mapping[str, Any], name: str) -> npt.NDArray[np.float32]:
    """An array of the file, which must be float32."""
    array: npt.NDArray[np.float32] = stored[name].astype(np.float32, casting="safe")
    return array
