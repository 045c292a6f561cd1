"""Features: the outputs of a network that become the embedding.

A choice is written as parts joined by plus signs, such as `pooled`, `cls+mean` or
`block-2+block-4+pooled`. Every part is one vector an image:

- `pooled`: the network's usual input to its classifier; the default;
- `block-N`: the output of its Nth block or stage, averaged over the image;
- `cls`, `mean`: the class token, and the mean of the patch tokens, of a transformer;
- `attention`: the tokens pooled by the network's own trained attention, if it has one.
"""

import re
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from models.encoders.errors import UnknownFeaturesError

POOLED = "pooled"


def parse(text: str | None) -> tuple[str, ...]:
    """The parts of a choice, each once; raises UnknownFeaturesError for anything else."""
    parts = [part.strip().lower() for part in (text or POOLED).split("+")]
    for part in parts:
        if not re.fullmatch(r"pooled|cls|mean|attention|block-[1-9][0-9]*", part):
            raise UnknownFeaturesError(
                f"{part!r} names no features; use pooled, cls, mean, attention or block-N, or "
                "several of them with a + between"
            )
    return tuple(dict.fromkeys(parts))


def part_weights(parts: Sequence[str]) -> tuple[float, ...]:
    """How much each part counts in distances: a block half as much as the others, if there are any.

    Measured on seven pools: weights of 0.3 and 0.8 for blocks lose up to half a point.
    """
    only_blocks = all(part.startswith("block-") for part in parts)
    return tuple(0.5 if part.startswith("block-") and not only_blocks else 1.0 for part in parts)


def offered(model: nn.Module) -> tuple[str, ...]:
    """The parts that a timm network has."""
    network, parts = cast(Any, model), [POOLED]
    if getattr(network, "cls_token", None) is not None:
        parts.append("cls")
    if hasattr(network, "patch_embed") and hasattr(network, "num_prefix_tokens"):
        parts.append("mean")
    if getattr(network, "attn_pool", None) is not None:
        parts.append("attention")
    if hasattr(network, "forward_intermediates"):
        parts += [f"block-{number + 1}" for number in range(len(network.feature_info))]
    return tuple(parts)


def read_out(model: nn.Module, parts: tuple[str, ...], name: str) -> nn.Module:
    """The network that gives the chosen parts, (B, 3, H, W) -> (B, D); raises for a missing one."""
    there = offered(model)
    for part in parts:
        if part not in there:
            raise UnknownFeaturesError(
                f"{name} has no features {part!r}; it has {', '.join(there)}"
            )
    return model if parts == (POOLED,) else ReadOut(model, parts)


def widths(network: nn.Module, pixels: Tensor) -> tuple[int, ...]:
    """The width of each part that a network of `read_out` gives, in their order.

    Raises ValueError if a part is not one vector an image.
    """
    given = network.given(pixels) if isinstance(network, ReadOut) else [network(pixels)]
    for vectors in given:
        if vectors.ndim != 2:
            raise ValueError(f"it gives {tuple(vectors.shape)}, not one vector an image")
    return tuple(vectors.shape[1] for vectors in given)


class ReadOut(nn.Module):
    """Joins several outputs of a network, each scaled to length one; a single one is unchanged.

    Scaled because a block with large numbers would dominate the others.
    """

    def __init__(self, model: nn.Module, parts: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.parts = parts
        self.blocks = sorted(int(p.removeprefix("block-")) - 1 for p in parts if "block-" in p)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed normalised pixels (B, 3, H, W) as (B, D)."""
        given = self.given(pixels)
        if len(given) == 1:
            return given[0]
        return torch.cat([F.normalize(values) for values in given], dim=1)

    def given(self, pixels: Tensor) -> list[Tensor]:
        """Each part's vectors (B, width), as the network gives them."""
        network, inner, last = cast(Any, self.model), [], None
        if self.blocks and len(self.blocks) == len(self.parts):
            inner = network.forward_intermediates(
                pixels, self.blocks, norm=True, stop_early=True, intermediates_only=True
            )
        elif self.blocks:
            last, inner = network.forward_intermediates(pixels, self.blocks, norm=True)
        else:
            last = network.forward_features(pixels)
        maps = dict(zip(self.blocks, inner, strict=True))
        return [self._part(part, last, maps).float() for part in self.parts]

    def _part(self, part: str, last: Tensor | None, maps: dict[int, Tensor]) -> Tensor:
        network = cast(Any, self.model)
        if part.startswith("block-"):
            return maps[int(part.removeprefix("block-")) - 1].mean((2, 3))
        assert last is not None
        if part == POOLED:
            return cast(Tensor, network.forward_head(last))
        if part == "cls":
            return last[:, 0]
        if part == "mean":
            return last[:, network.num_prefix_tokens :].mean(1)
        return cast(Tensor, network.attn_pool(last))
