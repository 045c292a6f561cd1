"""The linear head: a softmax over linear scores of features."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from models.blocks import blocks, rows_at_once
from models.finite import require_finite


class Scorer(Protocol):
    """The part of a head that `predict_in_blocks` uses."""

    @property
    def classes(self) -> npt.NDArray[np.int64]: ...

    @property
    def width(self) -> int: ...

    def logits(self, features: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True, eq=False)
class LinearHead:
    """A softmax over linear scores of features.

    Attributes
    ----------
    classes : (K,) int64, the class ids in ascending order; column k is class classes[k].
    weight : (K, D) float32, acts on unscaled features (the fit's scale is folded in).
    bias : (K,) float32, sums to zero.
    strength : the penalty of the fit.
    iterations : the optimiser's iterations.
    temperature : > 0, divides weight and bias in scoring; the attributes hold the optimum.
    """

    classes: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float
    iterations: int
    temperature: float = 1.0
    _placed: dict[torch.device, tuple[torch.Tensor, torch.Tensor]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        check_classes(self.classes)
        check_temperature(self.temperature)
        k = len(self.classes)
        if self.weight.ndim != 2 or len(self.weight) != k or self.bias.shape != (k,):
            raise ValueError(
                f"weight {self.weight.shape} and bias {self.bias.shape} do not fit {k} classes"
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise ValueError("a head's weight and bias must be finite")

    @property
    def width(self) -> int:
        """The width D of its features."""
        return int(self.weight.shape[1])

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Scores (m, K) float32 of features (m, D) float32 on their device, temperature applied."""
        weight, bias = self._on(features.device)
        # Transposed, the product of many rows with few classes takes half the time.
        return torch.addmm(bias[:, None], weight, features.T).T

    def predict_proba(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Class probabilities (N, K) of features (N, D); see `predict_in_blocks`."""
        return predict_in_blocks(self, features)

    def _on(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight (K, D) and bias (K,) divided by the temperature, moved to each device once."""
        placed = self._placed.get(device)
        if placed is None:
            parts = (self.weight, self.bias)
            weight, bias = (
                torch.from_numpy(np.ascontiguousarray(part / np.float32(self.temperature))).to(
                    device
                )
                for part in parts
            )
            placed = self._placed[device] = (weight, bias)
        return placed


def predict_in_blocks(
    head: Scorer, features: npt.NDArray[Any], device: str = "cpu"
) -> npt.NDArray[np.float32]:
    """Class probabilities of features.

    Parameters
    ----------
    head : computes the logits of a block.
    features : (N, D) array of any float type, rows of a Space. May be memory-mapped.
    device : torch device that scores the blocks.

    Returns
    -------
    (N, K) float32 in [0, 1]
        Rows sum to 1; column k belongs to classes[k]. Uses a few MB more.

    Raises
    ------
    NotFiniteError
        Names the rows whose features are NaN or infinite.
    ValueError
        The width is not the head's.
    """
    width = head.width
    if features.ndim != 2 or features.shape[1] != width:
        raise ValueError(f"features of shape {features.shape} do not fit a head of width {width}")
    proba = np.empty((len(features), len(head.classes)), dtype=np.float32)
    step = rows_at_once(max(width, len(head.classes)))
    for place, block in blocks(features, step=step):
        scores = head.logits(block.to(device))
        require_finite("features", scores.cpu().numpy(), place.start)
        proba[place] = torch.softmax(scores, dim=1).cpu().numpy()
    return proba


def check_classes(classes: npt.NDArray[np.int64]) -> None:
    """Raise unless these are at least two class ids in ascending order."""
    if classes.ndim != 1 or len(classes) < 2 or (np.diff(classes) <= 0).any():
        raise ValueError("a head needs at least two class ids, ascending and distinct")


def check_temperature(temperature: float) -> None:
    """Raise unless the temperature can divide logits."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"a head's temperature must be a positive number, not {temperature}")
