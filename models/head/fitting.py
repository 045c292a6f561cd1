"""Code shared by the fits of all heads: checks, class weights, and a rotation of few rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.finite import require_finite
from models.head.stopping import FewClassesError

SCALE = 8.0  # length of a feature row in a fit: sets the meaning of strength 1
MAX_CLASS_WEIGHT = 10.0  # a class with one label must not outvote hundreds


@dataclass(frozen=True, eq=False)
class Labeled:
    """Checked training rows on a device.

    Attributes
    ----------
    x : (n, d) rows of length SCALE: float16 features stay float16, others are float32; or their
        float32 coordinates in `basis`.
    basis : (D, d) orthonormal columns with features·SCALE = x @ basis.T; None: no rotation.
    classes : (K,) int64, ascending.
    targets : (n,) columns of the labels in `classes`.
    counts : (K,) labels per class, all ≥ 1.
    certainty : (n,) chance that each label is right, in (0, 1]; None: equal.
    """

    x: torch.Tensor
    basis: torch.Tensor | None
    classes: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    certainty: npt.NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        features: npt.NDArray[Any],
        labels: npt.NDArray[Any],
        device: str,
        certainty: npt.NDArray[np.float64] | None = None,
    ) -> "Labeled":
        """Check features (n, D) and labels (n,), and rotate the rows if they are few.

        With few labels, a penalised optimum lies in the span of the rows (thin QR); with many, the
        rotation costs more than it saves.

        Raises
        ------
        FewClassesError
            Fewer than two classes are labeled.
        NotFiniteError
            Names the rows whose features are NaN or infinite.
        ValueError
            Shapes or types do not fit.
        """
        check_rows(features, labels)
        check_certainty(certainty, len(features))
        classes, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
        x, basis = _held(features, device), None
        if 2 * len(features) < features.shape[1]:
            # (D, n) and (n, n), such that x = triangle.T @ basis.T
            basis, triangle = torch.linalg.qr(x.float().T)
            x = triangle.T.contiguous()
        classes, targets = classes.astype(np.int64), targets.astype(np.int64)
        return cls(x, basis, classes, targets, counts, certainty)

    def take(self, rows: npt.NDArray[np.int64]) -> "Labeled":
        """Some of the rows in the same coordinates; classes without a row are dropped."""
        classes, targets, counts = np.unique(
            self.targets[rows], return_inverse=True, return_counts=True
        )
        x = self.x[torch.from_numpy(rows).to(self.x.device)]
        sure = None if self.certainty is None else self.certainty[rows]
        classes, targets = self.classes[classes], targets.astype(np.int64)
        return Labeled(x, self.basis, classes, targets, counts, sure)

    def weights(self) -> npt.NDArray[np.float64]:
        """Weight of each row (n,): its class's weight times its certainty over the mean of all."""
        weights = self.class_weights()
        if self.certainty is not None:
            weights *= self.certainty / self.certainty.mean()
        return weights

    def class_weights(self) -> npt.NDArray[np.float64]:
        """Class weight n / (K·n_c) of each row (n,), at most 10."""
        ratio = len(self.targets) / (len(self.classes) * self.counts)
        row: npt.NDArray[np.float64] = np.minimum(ratio, MAX_CLASS_WEIGHT)[self.targets]
        return row


def _held(features: npt.NDArray[Any], device: str) -> torch.Tensor:
    """The features times SCALE, in half precision if they have half precision."""
    half = features.dtype == np.float16
    # A copy, because torch must not share read-only memory.
    x = torch.from_numpy(np.array(features, dtype=np.float16 if half else np.float32))
    x = x.to(device).mul_(SCALE)
    if half and not torch.stack(x.aminmax()).isfinite().all():  # possible without a Space
        return _held(features.astype(np.float32), device)
    return x


def check_rows(features: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """Raise unless a head can be fitted on these rows."""
    if features.ndim != 2 or labels.shape != (len(features),):
        raise ValueError(
            f"features (n, D) and labels (n,) are needed, not {features.shape} and {labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be class ids, whole numbers, not {labels.dtype}")
    if len(np.unique(labels)) < 2:
        raise FewClassesError("label samples of at least two classes before fitting a head")
    require_finite("features", features)


def check_audits(audits: npt.NDArray[np.bool_] | None, n: int) -> None:
    """Raise unless `audits` marks n rows."""
    if audits is not None and (audits.shape != (n,) or audits.dtype != np.bool_):
        raise ValueError(f"audits must be ({n},) bool, not {audits.shape} of {audits.dtype}")


def check_certainty(certainty: npt.NDArray[np.float64] | None, n: int) -> None:
    """Raise unless `certainty` holds n chances."""
    if certainty is None:
        return
    if certainty.shape != (n,) or not ((certainty > 0) & (certainty <= 1)).all():
        raise ValueError(f"certainty must be ({n},) chances above 0 and at most 1")
