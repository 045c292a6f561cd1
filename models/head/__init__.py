"""Heads: small classifiers on the features of a `Space`, fitted again after every answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from models.head.stopping import Cancelled, FewClassesError, Stop, never

if TYPE_CHECKING:
    import torch

__all__ = ["HEADS", "Cancelled", "FewClassesError", "FitHead", "Head", "HeadKind"]


class Head(Protocol):
    """A fitted classifier on features; its probabilities are calibrated.

    Attributes
    ----------
    classes : (K,) int64, the class ids in ascending order; column k is class classes[k].
    width : D, the width of its features.
    strength : the penalty of the fit.
    temperature : the divisor of the logits; `logits` are already divided.
    """

    @property
    def classes(self) -> npt.NDArray[np.int64]: ...

    @property
    def width(self) -> int: ...

    @property
    def strength(self) -> float: ...

    @property
    def temperature(self) -> float: ...

    def logits(self, features: "torch.Tensor") -> "torch.Tensor":
        """Logits (m, K) float32 of features (m, D) float32, on the device of the features."""
        ...

    def predict_proba(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Probabilities (N, K) of features (N, D) of any float type; rows sum to 1."""
        ...


class FitHead(Protocol):
    """Fits a head on n labeled rows.

    Parameters
    ----------
    features : (n, D) array of any float type, rows of a Space.
    labels : (n,) integers, class ids; at least two distinct. In the order of the answers,
        which keeps choices of earlier rounds valid; the same rows in the same order give the same
        head, whatever was fitted before.
    strength : penalty > 0; larger is smoother and less confident. None chooses it.
    start : a head to start from, if that saves time; it never changes the result.
    device : torch device of the sums, such as "cpu" or "cuda".
    audits : (n,) bool, which rows are uniform audit picks. With at least 30, only they
        set the temperature. None: no row is known to be one.
    certainty : (n,) chances that the labels are right, in (0, 1]: each is its label's
        weight. None: equal weights, apart from the balance of the classes.
    stop : called often; when it returns True, the fit raises Cancelled.

    Raises
    ------
    Cancelled
        `stop` returned True.
    FewClassesError
        Fewer than two classes are labeled.
    NotFiniteError
        Names the rows whose features are NaN or infinite.
    ValueError
        Shapes, types or the strength do not fit.
    """

    def __call__(
        self,
        features: npt.NDArray[Any],
        labels: npt.NDArray[Any],
        *,
        strength: float | None = None,
        start: Head | None = None,
        device: str = "cpu",
        audits: npt.NDArray[np.bool_] | None = None,
        certainty: npt.NDArray[np.float64] | None = None,
        stop: Stop = never,
    ) -> Head:
        """Return the fitted head."""
        ...


@dataclass(frozen=True)
class HeadKind:
    """One kind of head, with all its texts; call it to fit one, as `FitHead` describes.

    Attributes
    ----------
    load : gives its class, a dataclass whose fields are saved, and the function that fits it.
        Both need torch; a list of heads must not wait for it.
    title : its name on screen, in plain words.
    method : its name in the literature.
    words : one sentence on its strengths, for the person who chooses.
    """

    load: Callable[[], tuple[type, FitHead]]
    title: str
    method: str
    words: str

    def __call__(
        self, features: npt.NDArray[Any], labels: npt.NDArray[Any], **options: Any
    ) -> Head:
        """Return the fitted head."""
        return self.load()[1](features, labels, **options)


def _logistic() -> tuple[type, FitHead]:
    from models.head.linear import LinearHead
    from models.head.logistic import fit_logistic

    return LinearHead, fit_logistic


def _mlp() -> tuple[type, FitHead]:
    from models.head.mlp import MlpHead, fit_mlp

    return MlpHead, fit_mlp


HEADS: dict[str, HeadKind] = {
    "logistic": HeadKind(
        _logistic,
        "Simple and fast",
        "logistic regression",
        "Class-balanced, one layer; fits in milliseconds.",
    ),
    "mlp": HeadKind(
        _mlp,
        "Larger and slower",
        "MLP",
        "One hidden layer of 1,024, for classes that no straight line separates.",
    ),
}
