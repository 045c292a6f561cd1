"""Why a class: the cells of the feature map with evidence for it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.encoders.backbones import Backbone
from models.head.linear import LinearHead

TOLERANCE = 1e-3  # relative gap between the mean of the cells and the embedding


class NoHeatMapError(ValueError):
    """The backbone does not average a feature map, or the head is not linear."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Evidence (h, w) of each cell for a class, in logits, and the part outside the cells.

    `cells.sum() + constant` is the class's logit, exactly.
    """

    cells: npt.NDArray[np.float64]
    constant: float


def heat_map(
    backbone: Backbone,
    head: LinearHead,
    center: npt.NDArray[Any],
    image: npt.NDArray[np.uint8],
    class_id: int,
) -> HeatMap:
    """Divide a class's logit among the cells of the last feature map, for one framed image.

    With fⱼ(c) the activation of channel j in cell c and eⱼ its mean over the cells, a feature is
    (√eⱼ - centreⱼ)/‖·‖. As √eⱼ = Σ_c fⱼ(c)/(C·√eⱼ), cell c gets Σⱼ wⱼ·fⱼ(c)/(C·√eⱼ·‖·‖), and the
    centre and the bias belong to no cell. The sum is exact. A channel's root is divided in
    proportion to its activation by convention, and the norm is held fixed. If the embedding has
    negative values, no root is taken, and the shares are those of Zhou et al., CVPR 2016.

    Raises
    ------
    NoHeatMapError
        The backbone's embedding is not the mean of a feature map.
    """
    cells, embedding = _feature_map(backbone, image)
    rooted = np.sqrt(embedding) if (embedding >= 0).all() else embedding
    norm = float(np.linalg.norm(rooted - center)) or 1.0
    column = int(np.searchsorted(head.classes, class_id))
    weight = head.weight[column].astype(np.float64) / head.temperature / norm
    bias = float(head.bias[column]) / head.temperature
    count = cells.shape[1] * cells.shape[2]
    divisor = np.where(rooted == embedding, 1.0, np.where(rooted > 0, rooted, 1.0))
    share = np.tensordot(weight / (count * divisor), cells, axes=1)
    return HeatMap(share, bias - float(weight @ center))


def _feature_map(
    backbone: Backbone, image: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The (D, h, w) input of the network's last pooling, and the embedding (D,)."""
    pools = [one for name, one in backbone.model.named_modules() if name.endswith("global_pool")]
    seen: list[torch.Tensor] = []

    def keep(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0].detach())

    handles = [one.register_forward_pre_hook(keep) for one in pools]
    try:
        embedding = backbone.embed_framed([image])[0].astype(np.float64)
    finally:
        for handle in handles:
            handle.remove()
    for tensor in seen:
        if tensor.ndim == 4 and tensor.shape[1] == len(embedding):
            cells = tensor[0].float().cpu().double().numpy()
            gap = np.abs(cells.mean(axis=(1, 2)) - embedding).max()
            if gap <= TOLERANCE * max(1.0, np.abs(embedding).max()):
                return cells, embedding
    raise NoHeatMapError(f"{backbone.name} does not average a feature map; it has no heat map")
