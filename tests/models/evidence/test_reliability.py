"""Hits against confidence, in bins."""

import numpy as np
import pytest

from models.evidence.reliability import reliability


def test_calibrated_confidence_lies_on_the_line() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1.0, 4000)
    found = reliability(confidence, rng.random(4000) < confidence)
    assert found.error < 0.03
    assert len(found.bins) == 8 and sum(one.count for one in found.bins) == 4000
    assert all(one.interval.low <= one.confidence <= one.interval.high for one in found.bins[1:])


def test_confidence_that_is_too_high_is_seen() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.8, 1.0, 400)
    found = reliability(confidence, rng.random(400) < confidence - 0.3)
    assert found.error == pytest.approx(0.3, abs=0.07)


def test_what_few_rows_part_by_chance_is_told() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.3, 1.0, 40)
    runs = [reliability(confidence, rng.random(40) < confidence) for _ in range(300)]
    assert np.mean([one.error for one in runs]) == pytest.approx(runs[0].chance, rel=0.1)
    assert runs[0].chance > 0.1


def test_few_rows_make_few_bins_and_none_is_refused() -> None:
    assert len(reliability(np.full(12, 0.9), np.ones(12, dtype=bool)).bins) == 2
    with pytest.raises(ValueError, match="0 confidences do not fit 0 hits"):
        reliability(np.empty(0), np.empty(0))
