"""The optimum of a head: the same whatever the rows are held in, and however many at once."""

import numpy as np
import pytest
import torch

from models.head import optimum
from models.head.fitting import SCALE, Labeled
from models.head.logistic import fit_logistic
from models.head.optimum import TOLERANCE_PER_ROW, minimise
from tests.clusters import clusters

N, WIDTH = 90, 20


def labeled(dtype: type) -> Labeled:
    features, labels = clusters(N, WIDTH, 4)
    return Labeled.of(features.astype(np.float16).astype(dtype), labels, "cpu")


def test_half_precision_rows_stay_so_and_give_the_same_optimum() -> None:
    half, whole = labeled(np.float16), labeled(np.float32)
    assert (half.x.dtype, whole.x.dtype) == (torch.float16, torch.float32)
    torch.testing.assert_close(half.x.float(), whole.x, rtol=0, atol=0)  # 8 is a power of 2
    torch.testing.assert_close(minimise(half, 1.0).theta, minimise(whole, 1.0).theta)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_blocks_do_not_move_the_optimum(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = minimise(labeled(dtype), 1.0).theta
    monkeypatch.setattr(optimum, "rows_at_once", lambda _width: 7)
    torch.testing.assert_close(minimise(labeled(dtype), 1.0).theta, whole, rtol=0, atol=2e-3)


def test_the_gradient_is_that_of_the_penalised_weighted_loss() -> None:
    rows = labeled(np.float32)
    theta = torch.randn(4, WIDTH + 1, generator=torch.Generator().manual_seed(0))
    theta.requires_grad_()
    logits = rows.x @ theta[:, :-1].T + theta[:, -1]
    losses = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(rows.targets), reduction="none"
    )
    expected = (losses * torch.from_numpy(rows.weights())).sum()
    expected = expected + 0.5 * 3.0 * (theta[:, :-1] ** 2).sum()
    expected.backward()  # type: ignore[no-untyped-call]
    loss, gradient = optimum.Objective.of(rows, 3.0)(theta.detach())
    assert loss == pytest.approx(float(expected.detach()), rel=1e-6)
    torch.testing.assert_close(gradient, theta.grad, rtol=1e-4, atol=1e-4)


def test_thousands_of_labels_are_fitted_as_exactly_a_row_as_few() -> None:
    features, labels = clusters(3000, WIDTH, 4, noise=0.6)
    rows = Labeled.of(features.astype(np.float16), labels, "cpu")
    found = minimise(rows, 1.0)
    _, gradient = optimum.Objective.of(rows, 1.0)(found.theta)
    assert float(gradient.abs().max()) <= TOLERANCE_PER_ROW * len(labels)
    close = minimise(rows, 1.0, found.theta).iterations
    assert close == 0


def test_half_precision_rows_that_overflow_by_the_scale_are_fitted_too() -> None:
    features, labels = clusters(40, 10, 2)
    large = (features * 60_000 / np.abs(features).max()).astype(np.float16)
    assert np.isfinite(large).all() and float(np.abs(large).max()) * SCALE > 65_504
    proba = fit_logistic(large, labels, strength=1.0).predict_proba(large)
    assert np.isfinite(proba).all()
