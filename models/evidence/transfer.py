"""Does the transfer help? The same labels with features, with pixels, and with random weights."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.encoders.backbones import Backbone
from models.encoders.preprocess import Framing
from models.evidence.metrics import MeanInterval, mean_interval
from models.evidence.ridge_loo import leave_one_out
from models.space.space import Space

# The whole image; more than 16 × 16 pixels do not improve a ridge on small sets.
PIXELS = Framing((16, 16), (16, 16), "squash", "box")
LEAST_DEVIATION = 1e-6  # of a channel; below this, the channel is constant
BATCH = 32
FEWEST_LABELS, FEWEST_AUDITS = 30, 30


@dataclass(frozen=True)
class Gain:
    """Leave-one-out accuracy with two kinds of features of the same labels.

    `gain` is `ours` minus `theirs`, paired by label, with its 95 % interval. On `rows` labels;
    `uniform` says whether they are only blind checks.
    """

    ours: float
    theirs: float
    gain: MeanInterval
    rows: int
    uniform: bool

    @property
    def negative(self) -> bool:
        """Whether the other features are better, beyond chance."""
        return self.gain.high < 0

    @property
    def none(self) -> bool:
        """Whether the gain could be chance."""
        return self.gain.low <= 0 <= self.gain.high


def compare(
    ours: npt.NDArray[Any],
    theirs: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    uniform: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64],
) -> Gain | None:
    """How much better one kind of features predicts labels than another.

    A ridge with closed-form leave-one-out judges both. With 30 or more blind checks, only these are
    compared. With fewer, all labels are; they were chosen as hard for `ours`, so the gain is a
    lower bound. Near-duplicates count as one.

    Parameters
    ----------
    ours, theirs : (n, D) and (n, E) features.
    labels : (n,) class ids of at least two classes.
    uniform : (n,) bool, which labels are blind checks.
    groups : (n,) near-duplicates.

    Returns
    -------
    None below 30 labels.
    """
    if len(labels) < FEWEST_LABELS:
        return None
    hits = [
        leave_one_out(Space.fit(part).transform(part), labels).predicted == labels
        for part in (ours, theirs)
    ]
    audits = int(uniform.sum()) >= FEWEST_AUDITS
    rows = np.flatnonzero(uniform) if audits else np.arange(len(labels))
    apart = hits[0][rows].astype(np.float64) - hits[1][rows]
    _, place, counts = np.unique(groups[rows], return_inverse=True, return_counts=True)
    facts = np.bincount(place, weights=apart) * len(counts) / len(rows)
    return Gain(
        float(hits[0][rows].mean()),
        float(hits[1][rows].mean()),
        mean_interval(facts),
        len(rows),
        audits,
    )


def pixel_features(framed: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
    """(n, 768) float32 of images framed as PIXELS, signed so that no root is taken of them."""
    return np.stack(framed).reshape(len(framed), -1).astype(np.float32) / 127.5 - 1.0


def random_twin(backbone: Backbone, seed: int = 0) -> Backbone:
    """The same architecture with random weights; `embed_random` sets its scales."""
    model = copy.deepcopy(backbone.model)
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        for module in model.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
    finally:
        torch.random.set_rng_state(state)
    return replace(backbone, model=model, fingerprint="random", half=None)


def embed_random(
    twin: Backbone, framed: Sequence[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.float32]:
    """Embeddings (n, D) of framed images by a random twin, its scales fitted to these first.

    Otherwise, activations of an untrained network shrink or grow from layer to layer. Batch norms
    take the statistics of all images; convolutions, into which norms may have been folded, are
    scaled to the first batch (Krähenbühl, Doersch, Donahue, Darrell, "Data-dependent
    Initializations of Convolutional Neural Networks", ICLR 2016, arXiv 1511.06856).
    """
    norms = [m for m in twin.model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    batches = [framed[begin : begin + BATCH] for begin in range(0, len(framed), BATCH)]
    hooks = [m.register_forward_hook(_standardise) for m in _convolutions(twin.model)]
    for batch in batches:
        twin.embed_framed(batch)
        while hooks:
            hooks.pop().remove()
    for norm in norms:
        norm.eval()
    return np.concatenate([twin.embed_framed(batch) for batch in batches])


def _convolutions(model: nn.Module) -> list[nn.Conv2d]:
    return [module for module in model.modules() if isinstance(module, nn.Conv2d)]


def _standardise(conv: nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
    """Give each channel of a convolution's output mean 0 and deviation 1 on this batch."""
    assert isinstance(conv, nn.Conv2d)
    deviation, mean = torch.std_mean(output, dim=(0, 2, 3), correction=0)
    scale = 1.0 / torch.where(deviation > LEAST_DEVIATION, deviation, 1.0)
    if conv.bias is None:
        conv.bias = nn.Parameter(torch.zeros_like(mean), requires_grad=False)
    conv.weight.copy_(conv.weight * scale[:, None, None, None])
    conv.bias.copy_((conv.bias - mean) * scale)
    return (output - mean[:, None, None]) * scale[:, None, None]
