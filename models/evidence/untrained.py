"""What image backbones are compared with: plain pixels, and themselves with random weights."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.encoders.image import Backbone
from models.encoders.preprocess import Framing

# The whole image; more than 16 × 16 pixels do not improve a ridge on small sets.
PIXELS = Framing((16, 16), (16, 16), "squash", "box")
LEAST_DEVIATION = 1e-6  # of a channel; below this, the channel is constant
BATCH = 32


def pixel_framing() -> Framing:
    """What `pixel_features` needs of an image."""
    return PIXELS


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
