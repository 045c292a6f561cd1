"""Temperature: what it finds, what it leaves alone."""

import numpy as np
import pytest
from scipy.special import softmax

from models.evidence.reliability import reliability
from models.head.calibration import fit_temperature, left_out_temperature, log_loss


def drawn(m: int, k: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (m, k) that are exactly calibrated for the targets drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(m, k)) * 2
    targets = (logits + rng.gumbel(size=(m, k))).argmax(axis=1)
    return logits, targets


def _error(logits: np.ndarray, targets: np.ndarray) -> float:
    proba = softmax(logits, axis=1)
    return reliability(proba.max(axis=1), proba.argmax(axis=1) == targets).error


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(factor: float) -> None:
    logits, targets = drawn(4000, 5)
    found = fit_temperature(logits * factor, targets)
    assert found == pytest.approx(factor, rel=0.07)
    before, after = (
        _error(scaled, targets) for scaled in (logits * factor, logits * factor / found)
    )
    assert after < 0.03
    assert factor == 1.0 or after < before / 2


def test_the_temperature_is_the_minimum_of_its_definition() -> None:
    logits, targets = drawn(25, 3)

    def loss(t: float) -> float:
        return len(targets) * log_loss(logits * 4 / t, targets) + np.log(t) ** 2 / (2 * 0.5**2)

    found = fit_temperature(logits * 4, targets)
    assert all(loss(found) <= loss(t) + 1e-9 for t in np.geomspace(0.1, 10, 2000))


def test_few_rows_hardly_move_the_temperature() -> None:
    wrong = np.array([[9.0, 0.0]]), np.array([1])
    assert 1.0 < fit_temperature(*wrong) < 5.0
    right = np.array([[9.0, 0.0]]), np.array([0])
    assert fit_temperature(*right) == pytest.approx(1.0, abs=0.01)
    assert fit_temperature(np.empty((0, 3)), np.empty(0, dtype=np.int64)) == 1.0


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (np.zeros(3), np.zeros(3, dtype=np.int64), "are needed"),
        (np.zeros((3, 2)), np.zeros(2, dtype=np.int64), "are needed"),
        (np.zeros((1, 2)), np.array([2]), "columns"),
        (np.full((1, 2), np.nan), np.array([0]), "NaN"),
    ],
)
def test_logits_that_do_not_fit_are_refused(
    logits: np.ndarray, targets: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit_temperature(logits, targets)


def test_from_thirty_audits_on_they_alone_count() -> None:
    logits, targets = drawn(400, 4)
    audits = np.zeros(400, dtype=bool)
    audits[:100] = True
    logits[~audits] *= 5.0  # what is actively chosen looks overconfident
    counts = np.bincount(targets)
    alone = left_out_temperature(logits, targets, counts, audits)
    assert alone == fit_temperature(logits[:100], targets[:100])
    audits[29:] = False
    few = left_out_temperature(logits, targets, counts, audits)
    assert few == left_out_temperature(logits, targets, counts) > 2 * alone


def test_a_classs_only_label_does_not_count() -> None:
    logits = np.array([[3.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.0, 0.0, 0.0]])
    targets = np.array([0, 0, 2])
    found = left_out_temperature(logits, targets, np.array([2, 0, 1]))
    assert found == fit_temperature(logits[:2], targets[:2])
