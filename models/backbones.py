"""Backbones: find the weights, say which were taken and why, embed images (B, …) -> (B, D)."""

import difflib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from timm.models import get_pretrained_cfg
from torch import Tensor, nn

from models.hub import cached, download
from models.pixels import to_rgb

Source = Literal["path", "cache", "hub", "bundled"]

WEIGHTS_DIR = Path(__file__).parent / "weights"
# Part of every fingerprint: raised when pixels.to_rgb changes, so that rows never mix.
PREPARE_VERSION = 1


class BackboneError(Exception):
    """A backbone cannot be used as asked."""


class UnknownBackboneError(BackboneError):
    """No catalogue entry and no timm model has this name."""


class BackboneNotFoundError(BackboneError):
    """A folder or file of weights is not where it should be."""


class DamagedWeightsError(BackboneError):
    """A file of weights is there but cannot be used."""


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


@dataclass(frozen=True)
class _Weights:
    """Weights that were found: the file, what timm makes of it, and the words for the screen."""

    name: str
    source: Source
    why: str
    file: Path
    timm_name: str | None = None  # None: the file lies in a local-dir folder with a config.json
    side: int | None = None  # an input size other than the one the model was trained at


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
            return _load(_Weights(name, "cache", why, file, timm_name, side), device)
        except DamagedWeightsError:
            missing = "its copy in the local cache is damaged"
    found = download(timm_name, timeout, damaged=file)
    if isinstance(found, Path):
        try:
            why = f"{name}: downloaded from the hub"
            return _load(_Weights(name, "hub", why, found, timm_name, side), device)
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


def _in_folder(folder: Path, source: Source, why: str) -> _Weights:
    if not folder.is_dir():
        raise BackboneNotFoundError(f"there is no folder {folder}; name a folder of weights")
    for need in ("config.json", "model.safetensors"):
        if not (folder / need).is_file():
            raise BackboneNotFoundError(
                f"{folder} has no {need}; name a folder in timm's local-dir layout, which holds "
                "config.json and model.safetensors (pickled weights are not read)"
            )
    return _Weights(folder.name, source, why, folder / "model.safetensors")


def _bundled(weights_dir: Path, why: str) -> _Weights:
    """The one folder of weights that came with the app; `why` has {} for its name."""
    folders = sorted(config.parent for config in weights_dir.glob("*/config.json"))
    if not folders:
        raise BackboneNotFoundError(
            f"{weights_dir} holds no backbone (a folder with config.json and model.safetensors); "
            "install Hone again, or name a folder of weights"
        )
    return _in_folder(folders[0], "bundled", why.format(folders[0].name))


def _load(weights: _Weights, device: str) -> Backbone:
    """Build the network, load the weights strictly, freeze it, and take its fingerprint."""
    try:
        model = _build(weights)
        size = {"img_size": weights.side} if weights.side else {}
        config: dict[str, Any] = cast(Any, resolve_model_data_config)(model, args=size)
        model.reset_classifier(0)
        model.eval().requires_grad_(False)
        if not all(value.isfinite().all() for value in model.state_dict().values()):
            raise ValueError("it holds values that are not finite")
        with torch.inference_mode():
            shape = model(torch.zeros(1, *config["input_size"])).shape
        if len(shape) != 2:
            raise ValueError(f"it gives {tuple(shape)}, not one vector an image")
    except BackboneError:
        raise
    except Exception as error:  # timm and safetensors raise half a dozen types for a bad file
        raise DamagedWeightsError(
            f"{weights.file} cannot be loaded: {error}; get the file again or name another backbone"
        ) from error
    if not device.startswith("mps"):  # on a CPU, too, never slower and up to twice as fast
        model = model.to(memory_format=torch.channels_last)
    model = model.to(device)
    return Backbone(
        name=weights.name,
        source=weights.source,
        why=weights.why,
        fingerprint=_fingerprint(weights, model, config),
        dim=shape[1],
        device=device,
        input_size=tuple(config["input_size"][1:]),
        model=model,
        transform=create_transform(**config, use_prefetcher=False, normalize=False),
        mean=torch.tensor(config["mean"], device=device).view(1, -1, 1, 1),
        std=torch.tensor(config["std"], device=device).view(1, -1, 1, 1),
        half=torch.float16 if device.startswith("cuda") else None,
    )


def _build(weights: _Weights) -> Any:
    """Make the timm model with its own classifier, so that timm misses no tensor of the file."""
    if weights.timm_name is not None:
        config = get_pretrained_cfg(weights.timm_name)
        overlay: dict[str, Any] = {"file": str(weights.file), "source": ""}
        if config is not None and not config.hf_hub_filename:
            overlay["custom_load"] = False  # that format is of the file at `url`, not of the hub's
        more: dict[str, Any] = {"pretrained_cfg_overlay": overlay}
        if weights.side is not None and config is not None and config.fixed_input_size:
            more["img_size"] = weights.side
        return timm.create_model(weights.timm_name, pretrained=True, **more)
    config_file = weights.file.parent / "config.json"
    try:
        architecture = json.loads(config_file.read_text("utf-8"))["architecture"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedWeightsError(
            f"{config_file} names no architecture ({error}); get the file again"
        ) from error
    if not timm.is_model(architecture):
        raise UnknownBackboneError(
            f"{config_file} names {architecture!r}, which this timm ({timm.__version__}) does not "
            "know; correct it or install a newer timm"
        )
    return timm.create_model(f"local-dir:{weights.file.parent}", pretrained=True)


def _fingerprint(weights: _Weights, model: Any, config: dict[str, Any]) -> str:
    """Hash architecture, weights and preprocessing into a name fit for a folder."""
    architecture = str(model.pretrained_cfg["architecture"])
    config_file = weights.file.parent / "config.json"
    saved = json.loads(config_file.read_text("utf-8")) if weights.timm_name is None else {}
    with weights.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = [architecture, saved.get("model_args"), digest, config, PREPARE_VERSION]
    short = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return f"{architecture}-{short}"


@dataclass(frozen=True)
class CatalogueEntry:
    """A backbone that the setup screen offers; a `timm` name without a tag takes timm's best."""

    timm: str
    params_m: float
    dim: int
    input_size: int
    licence: str
    pretraining: str
    good_for: str


BACKBONES = {
    "bundled": CatalogueEntry(
        "mobilenetv2_075", 1.4, 1280, 96, "Apache-2.0", "distilled by this project",
        "no network, no GPU; a start in seconds",
    ),
    "mobilenetv4_conv_small": CatalogueEntry(
        "mobilenetv4_conv_small.e2400_r224_in1k", 2.5, 1280, 224, "Apache-2.0", "ImageNet-1k",
        "everyday photos on a laptop",
    ),
    "efficientnet_b0": CatalogueEntry(
        "efficientnet_b0.ra_in1k", 4.0, 1280, 224, "Apache-2.0", "ImageNet-1k",
        "everyday photos, a little better and slower",
    ),
    "convnext_tiny": CatalogueEntry(
        "convnext_tiny.in12k_ft_in1k", 27.8, 768, 224, "Apache-2.0", "ImageNet-12k, then -1k",
        "many kinds of objects; a GPU or some patience",
    ),
    "dinov2_small": CatalogueEntry(
        "vit_small_patch14_reg4_dinov2.lvd142m", 21.6, 384, 224, "Apache-2.0",
        "DINOv2, self-supervised, 142M images",
        "images unlike photos of objects: texture, microscopy, satellite; a GPU",
    ),
    "siglip_base": CatalogueEntry(
        "vit_base_patch16_siglip_224.v2_webli", 92.9, 768, 224, "Apache-2.0",
        "SigLIP 2, images with their captions", "scenes, products, drawings, screenshots; a GPU",
    ),
}  # fmt: skip
