"""Views: images as squares of one size, and their fixed crops for teacher and student."""

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its usual name)

from models.distillation.recipe import DistillError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}


def read_images(source: Path, side: int) -> NDArray[np.uint8]:
    """Decode every image of a zip or folder to centred squares, uint8 (N, side, side, 3)."""
    if source.is_dir():
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        return _squares([(str(p), p.read_bytes) for p in files], side, source)
    if not zipfile.is_zipfile(source):
        raise DistillError(f"{source} is neither a folder nor a zip; give one with images")
    with zipfile.ZipFile(source) as archive:
        names = sorted(n for n in archive.namelist() if Path(n).suffix.lower() in SUFFIXES)
        items = [(name, partial(archive.read, name)) for name in names]
        return _squares(items, side, source)


def _squares(
    items: Sequence[tuple[str, Callable[[], bytes]]], side: int, source: Path
) -> NDArray[np.uint8]:
    if len(items) < 2:
        raise DistillError(f"{source} has {len(items)} images; distilling needs at least two")
    squares = np.empty((len(items), side, side, 3), np.uint8)
    for row, (name, read) in enumerate(items):
        try:
            image = Image.open(io.BytesIO(read())).convert("RGB")
        except (OSError, ValueError) as error:
            raise DistillError(f"{name} in {source} is not a readable image; remove it") from error
        cut = min(image.size)
        left, top = (image.width - cut) // 2, (image.height - cut) // 2
        box = (left, top, left + cut, top + cut)
        squares[row] = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box))
    return squares


def draw_boxes(n: int, views: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the fixed crops: (V, N, 3) float32, centre x and y in -1..1 and scale in 0..1.

    View 0 is the whole image; the others keep a share of 35 to 100 % of its area.
    """
    scale = np.sqrt(rng.uniform(0.35, 1.0, (views, n)))
    scale[0] = 1.0
    centre = rng.uniform(-1, 1, (2, views, n)) * (1 - scale)
    return np.stack([centre[0], centre[1], scale], axis=-1).astype(np.float32)


def cut_views(images: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Cut boxes out of images and scale them; uint8 (B, S, S, 3) -> float (B, 3, side, side)."""
    pixels = images.permute(0, 3, 1, 2).float() / 255
    frame = torch.zeros(len(boxes), 2, 3, device=pixels.device)
    frame[:, 0, 0] = frame[:, 1, 1] = boxes[:, 2]
    frame[:, :, 2] = boxes[:, :2]
    grid = F.affine_grid(frame, [len(boxes), 3, side, side], align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
