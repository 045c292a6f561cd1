"""Networks of text encoders: a table of static vectors, and transformers, with their poolings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from models.encoders.catalogue import CatalogueEntry
from models.encoders.errors import UnknownFeaturesError
from models.encoders.features import POOLED

STATIC = "static"  # the kind of model of a table of vectors
LONGEST = 512  # tokens of a window, unless the model says less
NOTHING, SPECIAL, OWN = 0, 1, 2  # what a place of a window holds
TINY = 1e-9


@dataclass(frozen=True)
class TextSettings:
    """How a model is used: tokens of a window, what stands before a text, and its own pooling."""

    kind: str
    window: int
    prefix: str
    pooling: str
    normalised: bool
    facts: tuple[Any, ...]


class TextNetwork(nn.Module):
    """Token ids (B, L) and kinds of places (B, L) -> (B, D)."""

    widths: tuple[int, ...]
    batch = 32  # texts at once on a CPU

    def tokens(self, ids: Tensor, kinds: Tensor) -> Tensor | None:
        """What each token adds to the embedding (B, L, D); None if that is not a sum."""
        return None


def settings_of(folder: Path, entry: CatalogueEntry | None) -> TextSettings:
    """What the files beside the weights say."""
    config = _json(folder / "config.json")
    pooling = _json(folder / "1_Pooling" / "config.json")
    modules = _json(folder / "modules.json") or []
    longest = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    window = min(
        longest or (entry.input_size if entry else LONGEST),
        config.get("max_position_embeddings") or LONGEST,
    )
    is_cls = pooling.get("pooling_mode_cls_token", False)
    normalised = any("Normalize" in one.get("type", "") for one in modules)
    prefix = entry.prefix if entry else config.get("prefix", "")
    kind, own = str(config["model_type"]), "cls" if is_cls else "mean"
    return TextSettings(
        kind, window, prefix, own, normalised, (config, window, prefix, own, normalised)
    )


def network_of(
    folder: Path, settings: TextSettings, parts: tuple[str, ...], name: str
) -> TextNetwork:
    """The network that gives the chosen parts; raises UnknownFeaturesError for a missing one."""
    if settings.kind == STATIC:
        _check(parts, (POOLED,), name)
        return StaticTable(load_file(folder / "model.safetensors"))
    from transformers import AutoConfig, AutoModel  # seconds

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    _check(parts, offered(config.num_hidden_layers), name)
    model = AutoModel.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        attn_implementation="eager" if "attention" in parts else None,
    )
    return Transformer(model.float(), parts, settings)


def offered(layers: int) -> tuple[str, ...]:
    """The features of a transformer with so many layers."""
    return (POOLED, "mean", "cls", "attention", *(f"block-{n + 1}" for n in range(layers)))


def _check(parts: tuple[str, ...], there: tuple[str, ...], name: str) -> None:
    for part in parts:
        if part not in there:
            raise UnknownFeaturesError(
                f"{name} has no features {part!r}; it has {', '.join(there)}"
            )


class StaticTable(TextNetwork):
    """The mean of a vector for each token.

    `table` (V, D / 2) uint8 holds two numbers in a byte, -7 … 7 in four bits as 1 … 15, the first
    in the lower bits; `scale` (V,) is the factor of each row.
    """

    batch = 256

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        bytes_ = tensors["table"]
        levels = torch.stack([bytes_ & 15, bytes_ >> 4], dim=2).flatten(1).float() - 8.0
        rows = levels * tensors["scale"].float()[:, None]
        self.table = nn.Parameter(rows, requires_grad=False)
        self.widths = (rows.shape[1],)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        return self.tokens(ids, kinds).sum(1)

    def tokens(self, ids: Tensor, kinds: Tensor) -> Tensor:
        return F.embedding(ids, self.table) * _shares(kinds == OWN)[..., None]


class Transformer(TextNetwork):
    """A transformer whose outputs are pooled, joined, each scaled to length one if there are more.

    Scaled because a part with large numbers would dominate the others.
    """

    def __init__(self, model: Any, parts: tuple[str, ...], settings: TextSettings) -> None:
        super().__init__()
        self.model, self.parts, self.settings = model, parts, settings
        self.widths = (int(model.config.hidden_size),) * len(parts)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        output = self._output(ids, kinds)
        found = [self._part(part, output, kinds) for part in self.parts]
        return found[0] if len(found) == 1 else torch.cat([F.normalize(one) for one in found], 1)

    def tokens(self, ids: Tensor, kinds: Tensor) -> Tensor | None:
        own = self.settings.pooling if self.parts == (POOLED,) else self.parts[0]
        if len(self.parts) > 1 or own != "mean":
            return None
        rows = self._output(ids, kinds).last_hidden_state.float() * _shares(kinds > 0)[..., None]
        if self.settings.normalised and self.parts == (POOLED,):
            rows = rows / rows.sum(1, keepdim=True).norm(dim=-1, keepdim=True).clamp(min=TINY)
        return cast(Tensor, rows)

    def _output(self, ids: Tensor, kinds: Tensor) -> Any:
        return self.model(
            input_ids=ids,
            attention_mask=(kinds > 0).long(),
            output_hidden_states=any("block-" in part for part in self.parts),
            output_attentions="attention" in self.parts,
        )

    def _part(self, part: str, output: Any, kinds: Tensor) -> Tensor:
        """One part (B, width); means are over all places that hold a token, as in training."""
        last, mask = output.last_hidden_state.float(), kinds > 0
        if part == POOLED:
            pooled = self._part(self.settings.pooling, output, kinds)
            return F.normalize(pooled) if self.settings.normalised else pooled
        if part == "cls":
            return cast(Tensor, last[:, 0])
        if part == "attention":  # as much as the others look at it in the last layer
            received = output.attentions[-1].float().mean(1)  # (B, L, L): from, to
            received = (received * mask[:, :, None]).sum(1) * mask
            share = received / received.sum(1, keepdim=True).clamp(min=TINY)
            return cast(Tensor, (last * share[..., None]).sum(1))
        if part.startswith("block-"):
            last = output.hidden_states[int(part.removeprefix("block-"))].float()
        return cast(Tensor, (last * _shares(mask)[..., None]).sum(1))


def _shares(mask: Tensor) -> Tensor:
    """The share of each place (B, L) in a mean over the places of a mask."""
    counts = mask.float()
    return counts / counts.sum(1, keepdim=True).clamp(min=1.0)


def _json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}
