"""Pruning: a narrow network from the most important channels of a wide one."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from models.distillation.recipe import DistillError


@torch.no_grad()
def absorb_statistics(model: nn.Module, batches: list[Tensor]) -> None:
    """Set each batch norm's statistics to those of its inputs, without changing its output.

    Weights from an inference format have their batch norms folded away (mean 0, variance 1).
    In further training, the first step would normalise and thereby destroy them. Also, the scale
    of a channel, which shows its importance, would be unknown.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    if not batches:
        raise ValueError("no batches to take statistics from")
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def watch(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].double().cpu()
        total = sums[cast(nn.BatchNorm2d, norm)]
        total[0] += values.sum((0, 2, 3))
        total[1] += values.square().sum((0, 2, 3))
        total[2] += values.numel() / values.shape[1]

    hooks = [norm.register_forward_pre_hook(watch) for norm in norms]
    for batch in batches:
        model(batch)
    for hook in hooks:
        hook.remove()
    for norm, (total, squares, count) in sums.items():
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(1e-6)
        old_mean, old_variance = norm.running_mean, norm.running_var
        assert old_mean is not None and old_variance is not None
        slope = norm.weight.double().cpu() / (old_variance.double().cpu() + norm.eps).sqrt()
        norm.bias.add_(((mean - old_mean.double().cpu()) * slope).to(norm.bias))
        norm.weight.copy_(slope * (variance + norm.eps).sqrt())
        old_mean.copy_(mean)
        old_variance.copy_(variance)


def _strength(norm: nn.BatchNorm2d) -> Tensor:
    """Root mean square of each channel after the norm and its activation, (C,).

    Computed over a normal distribution with the norm's bias and weight, by quadrature.
    """
    points = torch.linspace(-3, 3, 61)
    weights = torch.exp(-points.square() / 2)
    values = norm.bias.detach()[:, None] + norm.weight.detach().abs()[:, None] * points
    values = getattr(norm, "act", nn.Identity())(values)
    return cast(Tensor, ((values.square() * weights).sum(1) / weights.sum()).sqrt())


def _keep(importance: Tensor, count: int) -> Tensor:
    """Indices of the `count` most important channels, in their old order."""
    if count > len(importance):
        raise DistillError(f"the student is wider than the teacher ({count} > {len(importance)})")
    return importance.argsort(descending=True)[:count].sort().values


def convolutions(block: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The convolutions of a block in order, each with its norm."""
    kinds = {"InvertedResidual": ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"),
             "DepthwiseSeparableConv": ("conv_dw", "bn1", "conv_pw", "bn2")}  # fmt: skip
    names = kinds.get(type(block).__name__)
    if names is None or not isinstance(getattr(block, "se", nn.Identity()), nn.Identity):
        raise DistillError(f"a {type(block).__name__} block cannot be pruned")
    parts = [getattr(block, name) for name in names]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _copy(
    old: tuple[nn.Conv2d, nn.BatchNorm2d],
    new: tuple[nn.Conv2d, nn.BatchNorm2d],
    inputs: Tensor,
    outputs: Tensor,
) -> None:
    """Fill a narrow convolution and its norm with the kept channels of a wide pair."""
    weight = old[0].weight.detach()[outputs]
    if old[0].groups == 1:
        weight = weight[:, inputs]
    if weight.shape != new[0].weight.shape:
        raise DistillError(
            f"a layer of the student is {tuple(new[0].weight.shape)}, but the teacher's would be "
            f"pruned to {tuple(weight.shape)}; choose a narrower network of the same family"
        )
    new[0].weight.data.copy_(weight)
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(new[1], name).data.copy_(getattr(old[1], name).detach()[outputs])


def _reach(conv: nn.Conv2d) -> Tensor:
    """How strongly a pointwise convolution uses each of its inputs, (C_in,)."""
    return conv.weight.detach().square().sum((0, 2, 3)).sqrt()


@torch.no_grad()
def prune(teacher: nn.Module, student: nn.Module) -> None:
    """Fill the student with the teacher's most important channels, layer by layer.

    Both are timm networks like EfficientNet (such as MobileNetV2, without squeeze-excite) of
    the same depth; the student's widths set how many are kept. The channels that enter a stage's
    residual sum are one set for the whole stage. The importance of a channel is its strength after
    its norm times the norm of the weights that read it. With equal widths nothing changes.
    """
    old, new = cast(Any, teacher), cast(Any, student)
    shape = [len(stage) for stage in getattr(old, "blocks", [])]
    if not shape or shape != [len(stage) for stage in getattr(new, "blocks", [])]:
        raise DistillError("student and teacher are not two widths of one block structure")
    old_blocks = [block for stage in old.blocks for block in stage]
    new_blocks = [block for stage in new.blocks for block in stage]
    layers = [convolutions(block) for block in old_blocks]
    new_layers = [convolutions(block) for block in new_blocks]
    # The first block's depthwise convolution has the same channels as the stem.
    importance = _strength(layers[0][0][1]) * _reach(layers[0][1][0])
    kept = _keep(importance, new.conv_stem.out_channels)
    _copy((old.conv_stem, old.bn1), (new.conv_stem, new.bn1), torch.arange(3), kept)
    start = 0
    for depth in shape:
        stage = range(start, start + depth)
        start += depth
        readers = [layers[i][0][0] for i in range(stage[0] + 1, min(start + 1, len(layers)))]
        if start == len(layers):
            readers.append(old.conv_head)
        strength = torch.stack([_strength(layers[i][-1][1]) for i in stage]).square().sum(0).sqrt()
        reach = torch.stack([_reach(reader) for reader in readers]).square().sum(0).sqrt()
        outputs = _keep(strength * reach, new_layers[stage[0]][-1][0].out_channels)
        for i in stage:
            _prune_block(layers[i], new_layers[i], kept, outputs)
            kept = outputs
    if new.conv_head.out_channels != old.conv_head.out_channels:
        raise DistillError("the student's last layer must be as wide as the teacher's")
    everything = torch.arange(old.conv_head.out_channels)
    _copy((old.conv_head, old.bn2), (new.conv_head, new.bn2), kept, everything)


def _prune_block(
    old: list[tuple[nn.Conv2d, nn.BatchNorm2d]],
    new: list[tuple[nn.Conv2d, nn.BatchNorm2d]],
    inputs: Tensor,
    outputs: Tensor,
) -> None:
    """Prune one block between fixed inputs and outputs, choosing its inner channels."""
    inner = inputs
    if len(old) == 3:
        inner = _keep(_strength(old[1][1]) * _reach(old[2][0]), new[0][0].out_channels)
        _copy(old[0], new[0], inputs, inner)
    _copy(old[-2], new[-2], inner, inner)
    _copy(old[-1], new[-1], inner, outputs)
