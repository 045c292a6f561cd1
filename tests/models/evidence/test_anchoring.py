"""The anchoring meter: a swayed annotator is detected, an unbiased one is not."""

import numpy as np

from models.evidence.anchoring import anchoring


def answers(rng: np.random.Generator, n: int, sway: float) -> tuple[np.ndarray, ...]:
    """Shown guesses on hard images, hidden ones on any; wrong shown ones accepted by `sway`."""
    shown = rng.random(n) < 0.8
    confidence = np.where(shown, rng.uniform(0.3, 0.8, n), rng.beta(4, 1, n))
    right = rng.random(n) < confidence
    return right | (shown & (rng.random(n) < sway)), confidence, shown


def test_a_swayed_annotator_is_detected_and_an_unbiased_one_is_not() -> None:
    rng = np.random.default_rng(0)
    runs = {sway: [anchoring(*answers(rng, 900, sway)) for _ in range(100)] for sway in (0.0, 0.5)}
    assert all(one is not None for found in runs.values() for one in found)
    detected = {sway: sum(one.detected for one in found if one) for sway, found in runs.items()}
    assert detected[0.0] <= 6  # 2.5 % are expected
    assert detected[0.5] >= 80
    effect = np.mean([one.effect for one in runs[0.5] if one])
    assert 0.15 < effect < 0.3  # half of the 45 % that are wrong


def test_the_plain_rates_differ_without_any_sway() -> None:
    found = anchoring(*answers(np.random.default_rng(1), 2000, 0.0))
    assert found is not None
    assert found.hidden > found.shown + 0.1
    assert found.low < 0 < found.high


def test_few_guesses_say_nothing() -> None:
    told = np.ones(39, dtype=bool)
    assert anchoring(told, np.full(39, 0.9), np.arange(39) < 30) is None
    assert anchoring(told, np.full(39, 0.9), np.arange(39) < 29) is None
