"""A backbone: a frozen network that embeds images, (B, …) -> (B, D)."""

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from models.encoders.encoder import Source
from models.encoders.errors import EmbeddingError
from models.encoders.lanes import Lanes
from models.encoders.preprocess import Framing


@dataclass
class Halving:
    """Runs a forward pass in parts; when out of memory, it halves the part and keeps that size."""

    limit: int = 2**31

    def __call__(self, forward: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
        """Run forward(batch) in as few parts as memory allows; raise if one item is too much."""
        done: list[Tensor] = []
        start = 0
        while start < len(batch):
            part = batch[start : start + self.limit]
            try:
                done.append(forward(part))
                start += len(part)
                continue
            except torch.cuda.OutOfMemoryError:
                if len(part) == 1:
                    raise
            # Outside the except: inside, the traceback would still hold the failed pass's tensors.
            self.limit = len(part) // 2
            torch.cuda.empty_cache()
        return torch.cat(done)


@dataclass(frozen=True, eq=False)
class Backbone(Lanes):
    """A frozen encoder, image -> embedding, with the origin of its weights."""

    name: str
    source: Source
    why: str
    fingerprint: str
    widths: tuple[int, ...]  # of the parts of its features, which lie side by side
    weights: tuple[float, ...]  # how much each part counts
    device: str
    framing: Framing
    model: nn.Module = field(repr=False)
    mean: Tensor = field(repr=False)  # of pixels in 0 … 255, like `std`
    std: Tensor = field(repr=False)
    file: Path | None = None  # of its weights; None if they are random
    half: torch.dtype | None = field(default=None, repr=False)
    parts: Halving = field(default_factory=Halving, repr=False)

    @property
    def batch(self) -> int:
        """Images at once: enough to fill the device, few enough for steady progress."""
        return 32 if self.device == "cpu" else 256

    def embed_framed(self, framed: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed framed images.

        Parameters
        ----------
        framed : B images (H, W, 3) uint8

        Returns
        -------
        (B, D) float32. A row that overflows in half precision is computed again in float32; a
        row that is not finite even then is returned unchanged, so that the caller can name it.
        """
        if not framed:
            return np.empty((0, self.dim), np.float32)
        batch = torch.from_numpy(np.stack(framed)).permute(0, 3, 1, 2)  # channels last already
        rows = self.parts(lambda part: self._forward(part, self.half), batch).numpy()
        bad = _not_finite(rows)
        if self.half is not None and len(bad):
            rows[bad] = self.parts(lambda part: self._forward(part, None), batch[bad]).numpy()
        return cast(NDArray[np.float32], rows)

    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed images.

        Parameters
        ----------
        images : B images of any size and mode

        Returns
        -------
        (B, D) float32, finite, row i for images[i]

        Raises
        ------
        EmbeddingError : a row is not finite; names the indices
        """
        rows = self.embed_framed([self.framing(image) for image in images])
        bad = _not_finite(rows)
        if len(bad):
            raise EmbeddingError(
                f"{self.name} gave values that are not finite for images {bad.tolist()}; "
                "leave these images out or choose another backbone"
            )
        return rows

    def _forward(self, batch: Tensor, half: torch.dtype | None) -> Tensor:
        """One pass, uint8 (B, 3, H, W) -> float32 (B, D) on the CPU."""
        kind = torch.device(self.device).type
        cast_to_half = torch.autocast(kind, dtype=half) if half is not None else nullcontext()
        # Each lane has its own stream: on a shared one, its copy would wait for all computations.
        lane = _stream(self.device) if kind == "cuda" else nullcontext()
        with torch.inference_mode(), cast_to_half, lane:
            count = len(batch)
            if kind == "cuda":
                # For each new shape, cuDNN searches for the fastest kernels, for a second or two.
                batch = _padded(batch, min(self.batch, self.parts.limit))
                # Bytes are transferred, not floats: a quarter of the traffic.
                batch = batch.pin_memory().to(self.device, non_blocking=True)
            pixels = batch.to(self.device).float().sub_(self.mean).div_(self.std)
            if kind == "mps":
                pixels = pixels.contiguous()
            return cast(Tensor, self.model(pixels))[:count].float().cpu()


def _padded(batch: Tensor, size: int) -> Tensor:
    """A batch of at least `size` images, padded with black ones."""
    missing = size - len(batch)
    return batch if missing <= 0 else torch.cat([batch, batch.new_zeros(missing, *batch.shape[1:])])


_LANE = threading.local()


def _stream(device: str) -> Any:
    """The stream of this thread on a GPU."""
    streams: dict[str, Any] = _LANE.__dict__.setdefault("streams", {})
    if device not in streams:
        streams[device] = cast(Any, torch.cuda.Stream)(device)
    return torch.cuda.stream(streams[device])


def _not_finite(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isfinite(rows).all(axis=1))
