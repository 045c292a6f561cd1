"""A text encoder: a frozen network over tokens, (B texts) -> (B, D)."""

import copy
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.encoders.catalogue import ENCODERS
from models.encoders.encoder import Source
from models.encoders.errors import BackboneError, DamagedWeightsError
from models.encoders.features import part_weights
from models.encoders.image import Halving
from models.encoders.lanes import Lanes
from models.encoders.text_networks import (
    NOTHING,
    OWN,
    SPECIAL,
    TextNetwork,
    network_of,
    settings_of,
)
from models.encoders.weights import Weights
from models.encoders.windows import Windows

TEXT_VERSION = 1  # raised if windows or poolings change, so that rows never mix
TOKENS = 8192  # in a batch, with what fills up shorter windows

# Its own threads would compete with the lanes, and it warns in processes that were forked.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@dataclass(frozen=True, eq=False)
class TextEncoder(Lanes):
    """A frozen encoder, text -> embedding, with the origin of its weights.

    A text that is longer than a window is embedded in windows, and their mean counts, weighted by
    their tokens.
    """

    name: str
    source: Source
    why: str
    fingerprint: str
    widths: tuple[int, ...]
    weights: tuple[float, ...]
    device: str
    windows: Windows = field(repr=False)
    model: TextNetwork = field(repr=False)
    file: Path | None = None
    half: torch.dtype | None = field(default=None, repr=False)
    parts: Halving = field(default_factory=Halving, repr=False)
    framing: None = None  # a text is seen as it is

    @property
    def batch(self) -> int:
        """Texts at once."""
        return self.model.batch if self.device == "cpu" else 8 * self.model.batch

    def embed_framed(self, framed: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts.

        Parameters
        ----------
        framed : B texts

        Returns
        -------
        (B, D) float32. A row that overflows in half precision is computed again in float32; a
        row that is not finite even then is returned unchanged, so that the caller can name it.
        """
        if not framed:
            return np.empty((0, self.dim), np.float32)
        rows = self._embedded(framed, self.half)
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if self.half is not None and len(bad):
            rows[bad] = self._embedded([framed[at] for at in bad.tolist()], None)
        return rows

    def _embedded(self, texts: Sequence[str], half: torch.dtype | None) -> NDArray[np.float32]:
        windows = self.windows.of(texts)
        total = np.zeros((len(texts), self.dim), np.float32)
        weight = np.zeros(len(texts), np.float32)
        order = sorted(range(len(windows)), key=lambda at: len(windows[at].ids))
        for places in _batches(order, [len(one.ids) for one in windows]):
            part = [windows[at] for at in places]
            ids, inner = padded([one.ids for one in part], [one.inner for one in part])
            both = torch.stack([ids, inner], dim=1)
            rows = self.parts(lambda some: self._forward(some, half), both).numpy()
            tokens = np.array([max(1, one.tokens) for one in part], np.float32)
            at = np.array([one.text for one in part])
            np.add.at(total, at, rows * tokens[:, None])
            np.add.at(weight, at, tokens)
        return cast(NDArray[np.float32], total / weight[:, None])

    def _forward(self, both: Tensor, half: torch.dtype | None) -> Tensor:
        """One pass, (B, 2, L) ids and kinds of places -> float32 (B, D) on the CPU."""
        kind = torch.device(self.device).type
        cast_to_half = torch.autocast(kind, dtype=half) if half is not None else nullcontext()
        ids, inner = both.to(self.device).unbind(1)
        with torch.inference_mode(), cast_to_half:
            return cast(Tensor, self.model(ids, inner)).float().cpu()


def padded(ids: Sequence[list[int]], inner: Sequence[slice]) -> tuple[Tensor, Tensor]:
    """(B, L) token ids, and the kind of each place."""
    longest = max(len(one) for one in ids)
    found = torch.zeros(len(ids), longest, dtype=torch.long)
    kinds = torch.full_like(found, NOTHING)
    for row, (one, own) in enumerate(zip(ids, inner, strict=True)):
        found[row, : len(one)] = torch.tensor(one)
        kinds[row, : len(one)] = SPECIAL
        kinds[row, own] = OWN
    return found, kinds


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Parts of an order from short to long that have about TOKENS places each."""
    part: list[int] = []
    for at in order:
        if part and (len(part) + 1) * lengths[at] > TOKENS:
            yield part
            part = []
        part.append(at)
    if part:
        yield part


def load(weights: Weights, device: str, parts: tuple[str, ...]) -> TextEncoder:
    """Load the network and the tokenizer of these weights, and move it to the device."""
    folder, entry = weights.file.parent, ENCODERS.get(weights.name)
    try:
        settings = settings_of(folder, entry)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        windows = Windows(tokenizer, settings.window, settings.prefix)
        model = network_of(folder, settings, parts, weights.name).eval().requires_grad_(False)
        if not all(value.isfinite().all() for value in model.parameters()):
            raise ValueError("it holds values that are not finite")
    except BackboneError:
        raise
    except Exception as error:  # transformers and tokenizers raise many types for a bad file
        reason = str(error).partition("\n")[0] or f"{type(error).__name__}, without details"
        raise DamagedWeightsError(
            f"{weights.file} cannot be loaded: {reason}; get the file again or name another "
            "text encoder"
        ) from error
    return TextEncoder(
        name=weights.name,
        source=weights.source,
        why=weights.why,
        fingerprint=_fingerprint(folder, settings.facts, parts),
        widths=model.widths,
        weights=part_weights(parts),
        device=device,
        windows=windows,
        model=model.to(device),
        file=weights.file,
        half=torch.float16 if device.startswith("cuda") else None,
    )


def _fingerprint(folder: Path, facts: Sequence[Any], parts: tuple[str, ...]) -> str:
    """Hash architecture, weights, tokenizer and features into a valid folder name."""
    digests = []
    for name in ("model.safetensors", "tokenizer.json"):
        with (folder / name).open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    told = [*facts, *digests, TEXT_VERSION, "+".join(parts)]
    short = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return f"text-{short}"


def untrained(encoder: TextEncoder, seed: int = 0) -> TextEncoder:
    """The same architecture with random weights, each as its kind usually begins."""
    model = copy.deepcopy(encoder.model)
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        for name, value in module.named_parameters(recurse=False):
            if value.ndim >= 2:
                drawn = torch.randn(value.shape, generator=generator)
                value.copy_(drawn / value.shape[-1] ** 0.5)
            elif isinstance(module, nn.LayerNorm) or "norm" in type(module).__name__.lower():
                value.fill_(1.0 if name == "weight" else 0.0)
            else:
                value.zero_()
    return replace(encoder, model=model, fingerprint="random", half=None)


def embed_untrained(twin: TextEncoder, framed: Sequence[str]) -> NDArray[np.float32]:
    """Embeddings (n, D) of texts by an untrained encoder."""
    return twin.embed_framed(framed)
