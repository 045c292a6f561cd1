"""Folding: the same numbers from a network without batch norms, or the network as it was."""

import pytest
import timm
import torch
from torch import nn

from models.encoders.folding import fold
from models.encoders.speed import blank
from tests.conftest import noise


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize(
    "name", ["mobilenetv2_035", "test_resnet", "test_efficientnet", "mobilenetv4_conv_small_035"]
)
def test_a_folded_network_gives_the_same_numbers_without_its_norms(name: str) -> None:
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=0).eval()
    noise(model)
    pixels = torch.randn(3, 3, 64, 64)
    folded = fold(model, pixels)
    assert norms(model) > 2 > norms(folded)  # one may follow several layers
    with torch.inference_mode():
        wanted = model(pixels)
        error = (folded(pixels) - wanted).abs().max() / wanted.abs().max()
    assert error < 5e-4  # rounding; it changes with the order of the sums
    assert not any(p.requires_grad for p in folded.parameters())
    assert not any(module.training for module in folded.modules())


def test_a_network_where_order_is_not_what_it_seems_stays_as_it_was() -> None:
    class Crossed(nn.Module):
        """Its norm comes after its convolution in name only."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)
            self.norm = nn.BatchNorm2d(3)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.conv(self.norm(pixels))).mean((2, 3))

    torch.manual_seed(0)
    model = Crossed().eval()
    noise(model)
    assert fold(model, torch.randn(2, 3, 8, 8)) is model
    plain = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2)).eval()
    assert fold(plain, torch.randn(2, 3, 8, 8)) is plain


def test_what_is_placed_on_a_device_is_folded() -> None:
    assert norms(blank("mobilenetv4_conv_small", device="cpu").model) == 0
