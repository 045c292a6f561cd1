"""Pruning keeps what matters: exact where nothing is lost, refused where it cannot be done."""

import pytest
import timm
import torch

from models.distillation import pruning
from models.distillation.recipe import DistillError
from tests.conftest import noise

WIDE, NARROW = "mobilenetv2_050", "mobilenetv2_035"


def pixels(n=4, side=32):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def silence(norms, remaining):
    """Make all but `remaining` channels give nothing, the same ones in every norm."""
    silent = torch.randperm(norms[0].num_features)[remaining:]
    for norm in norms:
        norm.weight[silent] = 0
        norm.bias[silent] = 0


def twin(name):
    torch.manual_seed(1)
    network = timm.create_model(name, num_classes=0).eval()
    noise(network)
    return network


@torch.no_grad()
def test_a_student_as_wide_as_its_teacher_gives_the_same_features_exactly():
    wide, student = twin(WIDE), timm.create_model(WIDE, num_classes=0).eval()
    assert not torch.equal(student(pixels()), wide(pixels()))
    pruning.prune(wide, student)
    assert torch.equal(student(pixels()), wide(pixels()))


@torch.no_grad()
def test_pruning_drops_channels_that_are_silent_without_any_loss():
    wide, narrow = twin(WIDE), timm.create_model(NARROW, num_classes=0).eval()
    for old_stage, new_stage in zip(wide.blocks, narrow.blocks, strict=True):
        layers = [pruning.convolutions(block) for block in old_stage]
        narrower = pruning.convolutions(new_stage[0])
        silence([block[-1][1] for block in layers], narrower[-1][1].num_features)
        for block, new_block in zip(layers, new_stage, strict=True):
            silence([block[-2][1]], pruning.convolutions(new_block)[-2][1].num_features)
    pruning.prune(wide, narrow)
    torch.testing.assert_close(narrow(pixels()), wide(pixels()))


def test_pruning_to_a_wider_student_is_refused():
    with pytest.raises(DistillError, match="wider than the teacher"):
        pruning.prune(timm.create_model(NARROW), timm.create_model(WIDE))


def test_pruning_to_another_family_is_refused():
    with pytest.raises(DistillError, match="not two widths"):
        pruning.prune(timm.create_model(WIDE), timm.create_model("resnet10t"))


@torch.no_grad()
def test_absorbing_statistics_changes_the_norms_but_not_the_features():
    network = twin(WIDE)
    before = network(pixels())
    pruning.absorb_statistics(network, [pixels(2), pixels(4)[2:]])
    torch.testing.assert_close(network(pixels()), before, rtol=1e-3, atol=1e-4)
    seen = []
    network.bn1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(pixels())
    torch.testing.assert_close(network.bn1.running_mean, seen[0].mean((0, 2, 3)))
