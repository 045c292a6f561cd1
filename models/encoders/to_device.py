"""Move a network to a device, with all that embedding needs of it."""

import torch

from models.encoders.encoder import Source
from models.encoders.errors import BackboneError
from models.encoders.folding import fold
from models.encoders.image import Backbone
from models.encoders.networks import Network, load_network
from models.encoders.preprocess import Framing
from models.encoders.weights import Weights


def place(network: Network, device: str, name: str, source: Source, why: str) -> Backbone:
    """Move a frozen network to the device."""
    config = network.config
    try:
        framing = Framing.of(config)
    except ValueError as error:
        raise BackboneError(f"{name} cannot be used: {error}; choose another backbone") from error
    model = fold(network.model, torch.rand(2, *config["input_size"]))
    if not device.startswith("mps"):  # also on a CPU never slower and up to twice as fast
        model = model.to(memory_format=torch.channels_last)
    return Backbone(
        name=name,
        source=source,
        why=why,
        fingerprint=network.fingerprint,
        widths=network.widths,
        weights=network.weights,
        file=network.file,
        device=device,
        model=model.to(device),
        framing=framing,
        mean=255 * torch.tensor(config["mean"], device=device).view(1, -1, 1, 1),
        std=255 * torch.tensor(config["std"], device=device).view(1, -1, 1, 1),
        half=torch.float16 if device.startswith("cuda") else None,
    )


def load(weights: Weights, device: str, parts: tuple[str, ...]) -> Backbone:
    """Load the network of these weights, and move it to the device."""
    network = load_network(weights, parts)
    return place(network, device, weights.name, weights.source, weights.why)
