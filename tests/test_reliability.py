"""Hits against confidence, in bins."""

import numpy as np
import pytest

from models.reliability import reliability


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


def test_few_rows_make_few_bins_and_none_is_refused() -> None:
    assert len(reliability(np.full(12, 0.9), np.ones(12, dtype=bool)).bins) == 2
    with pytest.raises(ValueError, match="0 confidences do not fit 0 hits"):
        reliability(np.empty(0), np.empty(0))
