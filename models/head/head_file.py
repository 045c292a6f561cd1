"""A head's file: a fitted head and its space's centre, without pickle."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.array_file import load_arrays, save_arrays
from models.head import HEADS, Head

FILE_FORMAT = 2  # format 1 had only linear heads, without a temperature
LINEAR = "logistic"
EARLIER_NAMES = {"linear": LINEAR}


class DamagedHeadError(ValueError):
    """Raised if a head's file cannot be read; the head is fitted again from the answers."""


def save_head(
    path: Path, head: Head, center: npt.NDArray[np.float32], *, map_digest: str = ""
) -> None:
    """Write a head of a kind in HEADS and its space's centre (D,) to `path`, or nothing at all.

    The width of a head is D, except on the features of a `PoolMap`, which `map_digest` names.
    """
    kind = _kind(head)
    parts = {name: getattr(head, name) for name in _fields(kind)}
    facts = {"format": FILE_FORMAT, "kind": kind, "center": np.asarray(center, dtype=np.float32)}
    save_arrays(path, facts | parts | ({"map": map_digest} if map_digest else {}))


def load_head(path: Path) -> tuple[Head, npt.NDArray[np.float32]]:
    """Read (head, centre) as `save_head` wrote them; a damaged file raises DamagedHeadError."""
    try:
        stored = load_arrays(path)
        head, center = _read(stored), _floats(stored, "center")
        if center.shape != (head.width,) and "map" not in stored:
            raise ValueError(f"centre {center.shape} does not fit a head of width {head.width}")
        if not np.isfinite(center).all():
            raise ValueError("the centre is not finite")
    except OSError:
        raise  # such as a file that is not there
    except Exception as error:  # parts that do not fit raise half a dozen types
        raise DamagedHeadError(
            f"{path} is not a readable head ({error}): delete it, the next round writes a new one"
        ) from error
    return head, center


def _kind(head: Head) -> str:
    for name, kind in HEADS.items():
        if kind.load()[0] is type(head):
            return name
    raise TypeError(f"no file format for a head of type {type(head).__name__}")


def _fields(kind: str) -> list[str]:
    """The names of the parts of a head of this kind."""
    return [field.name for field in dataclasses.fields(HEADS[kind].load()[0]) if field.init]


def _read(stored: Mapping[str, Any]) -> Head:
    """The head in a file of this format or of an earlier one."""
    version = int(stored["format"])
    if not 1 <= version <= FILE_FORMAT:
        raise ValueError(f"format {version} is not {FILE_FORMAT}")
    kind = LINEAR if version == 1 else str(stored["kind"])
    kind = EARLIER_NAMES.get(kind, kind)
    if kind not in HEADS:
        raise ValueError(f"a head of kind {kind!r} is unknown")
    parts = {name: _part(stored[name]) for name in _fields(kind) if name in stored}
    head: Head = HEADS[kind].load()[0](**parts)
    return head


def _part(array: npt.NDArray[Any]) -> Any:
    """A part as it must have been written: a number, or an array of int64 or float32."""
    if array.ndim == 0:
        return array.item()
    return array.astype(np.int64 if array.dtype.kind == "i" else np.float32, casting="safe")


def _floats(stored: Mapping[str, Any], name: str) -> npt.NDArray[np.float32]:
    """An array of the file, which must be float32."""
    array: npt.NDArray[np.float32] = stored[name].astype(np.float32, casting="safe")
    return array
