"""Certified acceptance: what is proposed, and that the verdict keeps its promise."""

import numpy as np
import pytest

from models.evidence.acceptance import audit_bet, judge, probable_audit, propose


def test_the_most_confident_are_proposed_as_far_as_the_bound_allows() -> None:
    confidence = np.linspace(0.5, 1.0, 1001)
    nothing = np.empty(0)
    found = propose(confidence, nothing, nothing.astype(bool), 0.05)
    # Mean of 1 - c over the top share q of a uniform confidence is q / 4.
    assert len(found.rows) == pytest.approx(100, abs=3)
    assert found.error == pytest.approx(0.025, abs=0.001)
    assert confidence[found.rows].min() > 0.94
    assert len(propose(confidence, nothing, nothing.astype(bool), 0.2).rows) > 350


def test_confident_audits_that_were_wrong_shrink_the_set() -> None:
    confidence = np.linspace(0.5, 1.0, 1001)
    audits = np.full(40, 0.99)
    right = propose(confidence, audits, np.ones(40, dtype=bool), 0.1)
    wrong = propose(confidence, audits, np.arange(40) >= 6, 0.1)
    assert len(wrong.rows) < len(right.rows) / 2


@pytest.mark.parametrize("size, bound", [(400, 0.02), (1000, 0.05)])
def test_too_many_wrong_ones_pass_in_five_of_a_hundred_at_most(size: int, bound: float) -> None:
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(100):
        right = np.arange(size) >= round(bound * size) + 2
        drawn = rng.permutation(right)
        for look in range(size // 20, size // 2, size // 20):
            verdict = judge(drawn[:look], size, bound, audit_bet(0.005))
            if verdict.passed:
                false += (~drawn[look:]).sum() > bound * (size - look)
                break
    assert false <= 5


def test_a_clean_set_passes_after_the_draws_that_were_told() -> None:
    told = probable_audit(1240, 0.02, 0.001, np.random.default_rng(0))
    assert told.middle is not None
    right = np.ones(told.middle + 40, dtype=bool)
    verdict = judge(right, 1240, 0.02, audit_bet(0.001))
    assert verdict.passed
    assert verdict.left == 1240 - len(right)
    assert verdict.error <= 0.02
    assert not judge(right[:40], 1240, 0.02, audit_bet(0.001)).passed


def test_a_bound_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="not 2"):
        propose(np.ones(3), np.ones(0), np.ones(0, dtype=bool), 2)
