"""Backbones: find the weights, say which were taken and why, embed images (B, …) -> (B, D)."""

import difflib
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data.transforms_factory import create_transform
from torch import Tensor, nn

from models.catalogue import BACKBONES
from models.hub import cached, download
from models.networks import (
    BackboneError,
    BackboneNotFoundError,
    DamagedWeightsError,
    Source,
    UnknownBackboneError,
    Weights,
    load_network,
)
from models.pixels import to_rgb

__all__ = [
    "BACKBONES",
    "WEIGHTS_DIR",
    "Backbone",
    "BackboneError",
    "BackboneNotFoundError",
    "DamagedWeightsError",
    "EmbeddingError",
    "Halving",
    "UnknownBackboneError",
    "pick_device",
    "resolve",
]

WEIGHTS_DIR = Path(__file__).parent / "weights"


class EmbeddingError(BackboneError):
    """A backbone gave values that are not finite."""


@dataclass
class Halving:
    """Runs a forward pass in parts; out of memory halves the part, and the size is remembered."""

    limit: int = 2**31

    def __call__(self, forward: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
        """Give forward(batch) in as few parts as memory allows; raise when one item is too much."""
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
            # Outside the except: there the traceback would still hold the failed pass's tensors.
            self.limit = len(part) // 2
            torch.cuda.empty_cache()
        return torch.cat(done)


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen encoder, image -> embedding, with where its weights came from."""

    name: str
    source: Source
    why: str
    fingerprint: str
    dim: int
    device: str
    input_size: tuple[int, int]
    model: nn.Module = field(repr=False)
    transform: Callable[[Image.Image], Tensor] = field(repr=False)
    mean: Tensor = field(repr=False)
    std: Tensor = field(repr=False)
    half: torch.dtype | None = field(default=None, repr=False)
    parts: Halving = field(default_factory=Halving, repr=False)

    def prepare(self, image: Image.Image) -> Tensor:
        """Resize and crop one image to a uint8 tensor (3, H, W); any mode; safe in any thread."""
        return self.transform(to_rgb(image))

    def embed_prepared(self, prepared: Sequence[Tensor]) -> NDArray[np.float32]:
        """Embed what `prepare` gave.

        Parameters
        ----------
        prepared : B uint8 tensors (3, H, W)

        Returns
        -------
        (B, D) float32. A row that overflowed in half precision is computed again in float32; a
        row that is not finite even then is returned as it is, so that the caller can name it.
        """
        if not prepared:
            return np.empty((0, self.dim), np.float32)
        batch = torch.stack(list(prepared))
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
        rows = self.embed_prepared([self.prepare(image) for image in images])
        bad = _not_finite(rows)
        if len(bad):
            raise EmbeddingError(
                f"{self.name} gave values that are not finite for images {bad.tolist()}; "
                "leave these images out or take another backbone"
            )
        return rows

    def _forward(self, batch: Tensor, half: torch.dtype | None) -> Tensor:
        """One pass, uint8 (B, 3, H, W) -> float32 (B, D) on the CPU."""
        kind = torch.device(self.device).type
        cast_to_half = torch.autocast(kind, dtype=half) if half is not None else nullcontext()
        with torch.inference_mode(), cast_to_half:
            if kind == "cuda":  # bytes travel, not floats: a quarter of the traffic
                batch = batch.pin_memory().to(self.device, non_blocking=True)
            pixels = (batch.to(self.device).float() / 255 - self.mean) / self.std
            if kind != "mps":
                pixels = pixels.contiguous(memory_format=torch.channels_last)
            return cast(Tensor, self.model(pixels)).float().cpu()


def _not_finite(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isfinite(rows).all(axis=1))


def pick_device(device: str | None = None) -> str:
    """Take the argument, else HONE_DEVICE, else cuda, mps, cpu, whichever is there first."""
    asked = device or os.environ.get("HONE_DEVICE")
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there = ["mps", *there]
    if torch.cuda.is_available():
        there = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count())), *there]
    if asked and asked not in there:
        raise BackboneError(f"device {asked!r} is not here; use one of: {', '.join(there)}")
    return asked or there[0]


def resolve(
    name: str | None = None,
    *,
    device: str | None = None,
    weights_dir: Path = WEIGHTS_DIR,
    timeout: float = 3.0,
) -> Backbone:
    """Load a backbone: explicit folder, else local cache, else an answering hub, else bundled.

    `name` is a key of BACKBONES, a timm model, a folder in timm's local-dir layout (with or
    without `local-dir:`), or None or "bundled" for the bundled one, which needs no network.
    """
    device = pick_device(device)
    if name is None or name == "bundled":
        why = "{}: the bundled backbone, which needs no network"
        return _load(_bundled(weights_dir, why), device)
    if name.startswith("local-dir:") or os.sep in name or "/" in name or Path(name).is_dir():
        folder = Path(name.removeprefix("local-dir:")).expanduser()
        why = f"{folder.name}: taken from the folder that was named"
        return _load(_in_folder(folder, "path", why), device)
    timm_name, side = _timm_name(name)
    missing = "it is not in the local cache"
    if (file := cached(timm_name)) is not None:
        try:
            why = f"{name}: taken from the local cache of the hub"
            return _load(Weights(name, "cache", why, file, timm_name, side), device)
        except DamagedWeightsError:
            missing = "its copy in the local cache is damaged"
    found = download(timm_name, timeout, damaged=file)
    if isinstance(found, Path):
        try:
            why = f"{name}: downloaded from the hub"
            return _load(Weights(name, "hub", why, found, timm_name, side), device)
        except DamagedWeightsError:
            found = "the hub gave weights that cannot be used"
    why = f"{name}: {found} and {missing}; using the bundled {{}}"
    return _load(_bundled(weights_dir, why), device)


def _timm_name(name: str) -> tuple[str, int | None]:
    """Give timm's name and an input size for a catalogue or timm name, or say what is near."""
    entry = BACKBONES.get(name)
    timm_name = entry.timm if entry else name
    base, _, tag = timm_name.partition(".")
    known = timm.list_models(pretrained=True)
    tags = [full for full in known if full.partition(".")[0] == base]
    if timm_name in tags or (not tag and tags):
        return timm_name, entry.input_size if entry else None
    near = tags or difflib.get_close_matches(name, [*BACKBONES, *known], 5, 0.5)
    what = f"has no weights named {tag!r}" if tags else "is no backbone that timm has weights for"
    hint = f"; did you mean {', '.join(near)}?" if near else f"; take one of {', '.join(BACKBONES)}"
    raise UnknownBackboneError(f"{name!r} {what}{hint}")


def _in_folder(folder: Path, source: Source, why: str) -> Weights:
    if not folder.is_dir():
        raise BackboneNotFoundError(f"there is no folder {folder}; name a folder of weights")
    for need in ("config.json", "model.safetensors"):
        if not (folder / need).is_file():
            raise BackboneNotFoundError(
                f"{folder} has no {need}; name a folder in timm's local-dir layout, which holds "
                "config.json and model.safetensors (pickled weights are not read)"
            )
    return Weights(folder.name, source, why, folder / "model.safetensors")


def _bundled(weights_dir: Path, why: str) -> Weights:
    """The one folder of weights that came with the app; `why` has {} for its name."""
    folders = sorted(config.parent for config in weights_dir.glob("*/config.json"))
    if not folders:
        raise BackboneNotFoundError(
            f"{weights_dir} holds no backbone (a folder with config.json and model.safetensors); "
            "install Hone again, or name a folder of weights"
        )
    return _in_folder(folders[0], "bundled", why.format(folders[0].name))


def _load(weights: Weights, device: str) -> Backbone:
    """Put the network that these weights make onto the device, with what embedding needs of it."""
    network = load_network(weights)
    model, config = network.model, network.config
    if not device.startswith("mps"):  # on a CPU, too, never slower and up to twice as fast
        model = model.to(memory_format=torch.channels_last)
    return Backbone(
        name=weights.name,
        source=weights.source,
        why=weights.why,
        fingerprint=network.fingerprint,
        dim=network.dim,
        device=device,
        input_size=tuple(config["input_size"][1:]),
        model=model.to(device),
        transform=create_transform(**config, use_prefetcher=False, normalize=False),
        mean=torch.tensor(config["mean"], device=device).view(1, -1, 1, 1),
        std=torch.tensor(config["std"], device=device).view(1, -1, 1, 1),
        half=torch.float16 if device.startswith("cuda") else None,
    )
