"""The approximate leave-one-out against refitting without each row."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from models.head.calibration import fit_temperature, log_loss
from models.head.fitting import Labeled
from models.head.leave_one_out import leave_one_out_logits
from models.head.optimum import Optimum, minimise
from models.head.stopping import Cancelled
from models.head.tuning import STRENGTHS
from tests.clusters import clusters


@dataclass(frozen=True, eq=False)
class Weighted(Labeled):
    """Rows whose weights stay those they had among all rows."""

    kept: np.ndarray = field(default_factory=lambda: np.empty(0))

    def weights(self) -> np.ndarray:
        return self.kept


def refitted(labeled: Labeled, optimum: Optimum) -> np.ndarray:
    """Logits (n, K) of each row by a fit on all the others."""
    rows = np.arange(len(labeled.targets))
    whole = torch.cat([labeled.x, labeled.x.new_ones(len(rows), 1)], dim=1)
    logits = []
    for i in rows:
        rest = rows[rows != i]
        others = Weighted(
            labeled.x[torch.from_numpy(rest)],
            labeled.basis,
            labeled.classes,
            labeled.targets[rest],
            labeled.counts,
            kept=labeled.weights()[rest],
        )
        theta = minimise(others, optimum.strength, optimum.theta).theta
        logits.append((whole[i] @ theta.T).double().numpy())
    return np.stack(logits)


@pytest.mark.parametrize(("n", "width", "tolerance"), [(45, 200, 0.06), (70, 20, 0.15)])
def test_leaving_out_is_nearly_refitting(n: int, width: int, tolerance: float) -> None:
    labeled = Labeled.of(*clusters(n, width, 4, noise=0.12 if width > 100 else 0.35), "cpu")
    near, exact = [], []
    for strength in STRENGTHS:
        optimum = minimise(labeled, strength)
        logits = leave_one_out_logits(labeled, optimum).numpy()
        truth = refitted(labeled, optimum)
        near.append(log_loss(logits, labeled.targets))
        exact.append(log_loss(truth, labeled.targets))
        assert near[-1] == pytest.approx(exact[-1], rel=tolerance)
        assert fit_temperature(logits, labeled.targets) == pytest.approx(
            fit_temperature(truth, labeled.targets), rel=0.12
        )
        agree = logits.argmax(axis=1) == truth.argmax(axis=1)
        assert agree.mean() > 0.95
    assert np.argmin(near) == np.argmin(exact)


@pytest.mark.parametrize("width", [200, 20])  # the kernel, and the features
def test_a_class_weighs_the_same_without_one_of_its_rows(width: int) -> None:
    """On noise, a class that lost weight with the row would be foreseen too rarely."""
    rng = np.random.default_rng(0)
    features, labels = clusters(120, width, 6, noise=50.0)
    labels = rng.permutation(labels)
    labeled = Labeled.of(features, labels, "cpu")
    optimum = minimise(labeled, 1000.0)
    rows = np.arange(len(labels))
    exact = np.stack(
        [
            (labeled.x[i] @ theta[:, :-1].T + theta[:, -1]).double().numpy()
            for i in rows
            for theta in [minimise(labeled.take(rows[rows != i]), 1000.0, optimum.theta).theta]
        ]
    )
    near = leave_one_out_logits(labeled, optimum, reweighted=True).numpy()
    plain = leave_one_out_logits(labeled, optimum).numpy()
    hits, few, truth = (
        (one.argmax(axis=1) == labeled.targets).mean() for one in (near, plain, exact)
    )
    assert abs(hits - truth) <= 0.02 and few < truth - 0.1
    assert np.abs(near - exact).mean() < 0.1 * np.abs(plain - exact).mean()


@pytest.mark.parametrize("reweighted", [False, True])
def test_both_ways_to_invert_agree(reweighted: bool) -> None:
    features, labels = clusters(50, 50, 3, noise=0.3)
    rows = np.arange(50)
    labeled = Labeled.of(features, labels, "cpu")
    optimum = minimise(labeled, 10.0)
    # 50 rows of width 50: the kernel
    by_rows = leave_one_out_logits(labeled, optimum, reweighted=reweighted)
    basis = torch.linalg.svd(labeled.x, full_matrices=False)[2][:49].T  # 49: the features
    narrow = Labeled(
        labeled.x @ basis, basis, labeled.classes, labeled.targets[rows], labeled.counts
    )
    theta = torch.cat([optimum.theta[:, :-1] @ basis, optimum.theta[:, -1:]], dim=1)
    by_features = leave_one_out_logits(narrow, Optimum(theta, 10.0, 0), reweighted=reweighted)
    torch.testing.assert_close(by_rows, by_features, atol=2e-2, rtol=2e-2)


def test_a_label_that_nothing_supports_is_not_foreseen() -> None:
    features, labels = clusters(60, 100, 3, noise=0.05)
    labels = np.concatenate([labels, [7]])
    rows = np.concatenate([features, features[:1]])
    labeled = Labeled.of(rows, labels, "cpu")
    logits = leave_one_out_logits(labeled, minimise(labeled, 1.0)).numpy()
    assert logits[-1].argmax() != 3
    assert (logits[1:60].argmax(axis=1) == labels[1:60]).all()


@pytest.mark.parametrize("strength", [1e-6, 1e6])
def test_extreme_strengths_stay_finite(strength: float) -> None:
    for n, width in ((40, 100), (80, 10)):
        labeled = Labeled.of(*clusters(n, width, 3), "cpu")
        assert leave_one_out_logits(labeled, minimise(labeled, strength)).isfinite().all()


def test_leaving_out_can_be_stopped() -> None:
    labeled = Labeled.of(*clusters(40, 20, 3), "cpu")
    optimum = minimise(labeled, 1.0)
    with pytest.raises(Cancelled):
        leave_one_out_logits(labeled, optimum, lambda: True)
