"""The heat map's cells add up to the class's logit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models.encoders.backbones import Backbone
from models.evidence.heat import NoHeatMapError, heat_map
from models.head import HEADS
from models.head.linear import LinearHead
from models.space.space import Space
from tests.conftest import picture


@pytest.fixture(scope="module")
def trained(backbone: Backbone) -> tuple[LinearHead, Space, np.ndarray]:
    rows = backbone.embed([picture(number) for number in range(16)])
    space = Space.fit(rows)
    features = space.transform(rows)
    head = HEADS["logistic"](features, np.arange(16) % 2, strength=1.0)
    assert isinstance(head, LinearHead)
    return head, space, features


def test_cells_and_constant_add_up_to_the_logit(
    backbone: Backbone, trained: tuple[LinearHead, Space, np.ndarray]
) -> None:
    head, space, features = trained
    for class_id in (0, 1):
        found = heat_map(backbone, head, space.center, backbone.framing(picture(3)), class_id)
        assert found.cells.ndim == 2 and found.cells.size > 4
        logit = head.logits(torch.from_numpy(features[3, None]))[0, class_id].item()
        assert found.cells.sum() + found.constant == pytest.approx(logit, abs=0.02)


def test_a_network_without_a_pooled_map_has_none(
    backbone: Backbone, trained: tuple[LinearHead, Space, np.ndarray]
) -> None:
    head, space, _ = trained

    class Flat(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.new_ones(len(x), backbone.dim)

    flat = replace(backbone, model=Flat())
    with pytest.raises(NoHeatMapError, match="does not average a feature map"):
        heat_map(flat, head, space.center, flat.framing(picture(3)), 0)
