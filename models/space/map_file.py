"""The file of a pool map, without pickle."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.array_file import load_arrays, save_arrays
from models.space.parts import Parts, columns
from models.space.pool_map import PoolMap, Recipe
from models.space.space import Space

FILE_FORMAT = 1
ARRAYS = ("projection", "reference", "anchors", "spans", "states", "centers")


class DamagedMapError(ValueError):
    """Raised if a map's file cannot be read; the map is fitted again from the embeddings."""


def save_map(path: Path, pool_map: PoolMap) -> None:
    """Write a map to `path`, or nothing at all."""
    parts = pool_map.parts
    arrays: dict[str, Any] = {name: getattr(pool_map, name) for name in ARRAYS}
    arrays |= {f"recipe_{name}": value for name, value in asdict(pool_map.recipe).items()}
    arrays |= {
        "format": FILE_FORMAT,
        "size": pool_map.size,
        "digest": pool_map.digest,
        "widths": np.array(parts.widths, dtype=np.int64),
        "weights": np.array(parts.weights, dtype=np.float64),
        "space": np.concatenate([space.center for space in parts.spaces]),
    }
    save_arrays(path, arrays)


def load_map(path: Path) -> PoolMap:
    """Read a map as `save_map` wrote it; a damaged file raises DamagedMapError."""
    try:
        found = _read(load_arrays(path))
        _check(found)
    except OSError:
        raise  # such as a file that is not there
    except Exception as error:  # parts that do not fit raise half a dozen types
        raise DamagedMapError(
            f"{path} is not a readable map ({error}): delete it, the map is then computed again"
        ) from error
    return found


def _read(stored: dict[str, npt.NDArray[Any]]) -> PoolMap:
    if (version := int(stored["format"])) != FILE_FORMAT:
        raise ValueError(f"format {version} is not {FILE_FORMAT}")
    center = stored["space"].astype(np.float32, casting="safe")
    widths = stored["widths"].tolist()
    if sum(widths) != len(center) or min(widths, default=0) < 1:
        raise ValueError(f"parts of {widths} columns do not fit a centre of {len(center)}")
    spaces = tuple(Space(center[part]) for part in columns(widths))
    return PoolMap(
        recipe=Recipe(**{one.name: int(stored[f"recipe_{one.name}"]) for one in fields(Recipe)}),
        parts=Parts(spaces, tuple(stored["weights"].tolist())),
        size=int(stored["size"]),
        digest=str(stored["digest"]),
        **{name: stored[name] for name in ARRAYS},
    )


def _check(pool_map: PoolMap) -> None:
    """Raise unless the arrays fit together and hold numbers."""
    steps, width, count = pool_map.recipe.steps, pool_map.kernel, len(pool_map.reference)
    shapes = {
        "projection": (np.float32, (sum(pool_map.parts.widths), width)),
        "reference": (np.int64, (count,)),
        "anchors": (np.float16, (count, width)),
        "spans": (np.float32, (count,)),
        "states": (np.float16, (steps, count, width)),
        "centers": (np.float32, (steps, width)),
    }
    for name, (dtype, shape) in shapes.items():
        array = getattr(pool_map, name)
        if array.dtype != dtype or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(f"{name} is no finite array {shape} of {np.dtype(dtype)}")
    if not all(np.isfinite(space.center).all() for space in pool_map.parts.spaces):
        raise ValueError("the centre is not finite")
    if count == 0 or pool_map.reference[0] < 0 or (np.diff(pool_map.reference) <= 0).any():
        raise ValueError("the reference rows are not ascending")
    weights = np.array(pool_map.parts.weights)
    if not (np.isfinite(weights) & (weights > 0)).all() or not (pool_map.spans > 0).all():
        raise ValueError("its weights and spans are not all above zero")
    if len(weights) != len(pool_map.parts.widths):
        raise ValueError(f"{len(weights)} weights do not fit {len(pool_map.parts.widths)} parts")
