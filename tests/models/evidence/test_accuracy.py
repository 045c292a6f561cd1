"""Accuracy with an interval: against formulas by hand and simulated audits."""

import numpy as np
import pytest

from models.evidence.accuracy import (
    Later,
    audited,
    class_recall,
    lure_weights,
    macro_recall,
    weighted,
)
from models.evidence.metrics import clopper_pearson


def drawn(rng: np.random.Generator, size: int, sure: float = 1.0) -> tuple[np.ndarray, ...]:
    """Hits and confidences of a pool; `sure` is how calibrated they are (1: fully)."""
    confidence = rng.beta(4, 1, size)
    hits = rng.random(size) < sure * confidence
    return hits, confidence


def test_below_ten_audits_nothing_is_said() -> None:
    assert audited(np.ones(9, dtype=bool), np.full(9, 0.9), 0.9) is None
    assert weighted(np.ones(9), np.full(9, 0.9), 0.9, np.full(9, 0.1), 91) is None


def test_without_confidence_it_is_the_share_of_hits() -> None:
    hits = np.arange(50) < 40
    found = audited(hits, np.zeros(50), 0.0)
    assert found is not None
    assert found.value == pytest.approx(0.8)
    assert found.low < 0.69 and found.high > 0.88  # those of 40 of 50 are 0.66 and 0.90
    assert found.measured == 50


def test_audits_that_are_surer_than_the_pool_are_corrected() -> None:
    hits, confidence = np.ones(40, dtype=bool), np.full(40, 0.95)
    found = audited(hits, confidence, pool_confidence=0.7)
    assert found is not None
    assert found.value == pytest.approx(0.75)


@pytest.mark.parametrize("sure", [1.0, 0.8])
@pytest.mark.parametrize("audits", [15, 60])
def test_the_interval_holds_the_truth_whether_or_not_confidence_is_calibrated(
    sure: float, audits: int
) -> None:
    rng = np.random.default_rng(0)
    held, widths = 0, []
    for _ in range(400):
        hits, confidence = drawn(rng, 2000, sure)
        rows = rng.choice(2000, audits, replace=False)
        found = audited(hits[rows], confidence[rows], float(confidence.mean()))
        assert found is not None
        held += found.low <= hits.mean() <= found.high
        widths.append(found.high - found.low)
    assert held >= 0.92 * 400
    assert np.mean(widths) < (0.49 if audits == 15 else 0.25)


def test_all_hits_are_no_proof_of_perfection() -> None:
    found = audited(np.ones(12, dtype=bool), np.ones(12), 1.0)
    assert found is not None
    assert found.value == 1.0 and found.low < 0.85


def test_near_duplicates_count_as_one_fact() -> None:
    rng = np.random.default_rng(1)
    hits, confidence = np.repeat(rng.random(20) < 0.8, 5), np.repeat(rng.beta(4, 1, 20), 5)
    groups = np.repeat(np.arange(20), 5)
    grouped = audited(hits, confidence, 0.8, groups=groups)
    plain = audited(hits, confidence, 0.8)
    assert grouped is not None and plain is not None
    assert grouped.value == pytest.approx(plain.value)
    assert grouped.measured == 20
    assert grouped.high - grouped.low > 1.5 * (plain.high - plain.low)


def test_what_a_query_took_since_the_checks_is_taken_off() -> None:
    rng = np.random.default_rng(3)
    errors, plain_errors, held = [], [], 0
    for _ in range(300):
        hits, confidence = drawn(rng, 400)
        misses = rng.permutation(np.flatnonzero(~hits))
        hard, easy = misses[: len(misses) * 3 // 4], np.flatnonzero(hits)
        # The query knows more than the confidence: along the way it takes three of four misses.
        wanted = rng.permutation([*hard, *rng.permutation(easy)[: 180 - len(hard)]]).tolist()
        audits = rng.random(200) < 0.15
        is_open, rows = np.ones(400, dtype=bool), []
        for is_audit in audits:
            wanted = [row for row in wanted if is_open[row]]
            row = rng.choice(np.flatnonzero(is_open)) if is_audit or not wanted else wanted[0]
            is_open[row] = False
            rows.append(row)
        truth, pool = hits[is_open].mean(), float(confidence[is_open].mean())
        checks = np.array(rows)[audits]
        later = Later.of(hits[rows], confidence[rows], audits, int(is_open.sum()))
        found = audited(hits[checks], confidence[checks], pool, later=later)
        plain = audited(hits[checks], confidence[checks], pool)
        assert found is not None and plain is not None
        errors.append(found.value - truth)
        plain_errors.append(plain.value - truth)
        held += found.low <= truth <= found.high
    assert abs(np.mean(errors)) < 0.02
    assert np.mean(plain_errors) < -0.04
    assert held >= 0.9 * 300


def test_where_all_was_right_the_labels_since_the_checks_narrow_the_interval() -> None:
    hits, confidence, audits = np.ones(300, dtype=bool), np.ones(300), np.arange(300) % 10 == 0
    later = Later.of(hits, confidence, audits, left=200)
    found = audited(hits[audits], confidence[audits], 1.0, later=later)
    assert found is not None and found.value == found.high == 1.0
    # Misses among the rows at the time of the checks, all of which may be in the rest.
    pool = later.pools.mean()
    missing = pool * (1 - clopper_pearson(30, 30).low)
    assert found.low == pytest.approx(1 - missing / 200, abs=0.015)
    # As many checks as they are worth for the rest alone would say less.
    assert found.low > clopper_pearson(*[30 * (200 / pool) ** 2] * 2).low + 0.03
    assert found.effective == pytest.approx(30 * (200 / pool) ** 2, rel=0.1)


def test_labels_that_weigh_much_widen_the_interval_though_none_was_a_miss() -> None:
    hits, confidence = np.ones(60, dtype=bool), np.full(60, 0.99)
    alike = 1.0 / (1000 - np.arange(60))
    rare = np.where(np.arange(60) % 6 == 0, 0.15, 1.17) * alike
    equal, heavy = (weighted(hits, confidence, 0.99, one, 940) for one in (alike, rare))
    assert equal is not None and heavy is not None
    assert heavy.high - heavy.low > 1.5 * (equal.high - equal.low)


def test_uniform_draws_have_weights_of_one() -> None:
    chance = 1.0 / (100 - np.arange(30))
    assert lure_weights(chance, 100) == pytest.approx(np.ones(30))


def test_weights_undo_that_unsure_rows_are_likelier_to_be_asked() -> None:
    rng = np.random.default_rng(2)
    values, plain, held = [], [], 0
    for _ in range(200):
        hits, confidence = drawn(rng, 400)
        confidence = np.clip(confidence + 0.1, 0, 1)  # all are too sure
        odds = 1.2 - confidence
        left, rows, chance = np.arange(400), [], []
        for _ in range(60):
            share = 0.1 / len(left) + 0.9 * odds[left] / odds[left].sum()
            place = rng.choice(len(left), p=share / share.sum())
            rows.append(left[place])
            chance.append(share[place])
            left = np.delete(left, place)
        truth = hits[left].mean()
        pool = float(confidence[left].mean())
        found = weighted(hits[rows], confidence[rows], pool, np.array(chance), len(left))
        assert found is not None
        values.append(found.value - truth)
        plain.append(hits[rows].mean() - truth)
        held += found.low <= truth <= found.high
    assert abs(np.mean(values)) < 0.012
    assert np.mean(plain) < -0.03
    assert held >= 0.92 * 200


def test_where_few_rows_are_left_the_interval_tells_how_they_may_stray() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(300):
        hits, confidence = drawn(rng, 400)
        rows, left = np.arange(300), np.arange(300, 400)  # the order is random
        chance = 1.0 / (400 - rows)
        pool = float(confidence[left].mean())
        found = weighted(hits[rows], confidence[rows], pool, chance, len(left))
        assert found is not None
        held += found.low <= hits[left].mean() <= found.high
    assert held >= 0.9 * 300


def test_a_chance_that_is_none_and_too_many_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="a chance lies in"):
        lure_weights(np.zeros(1), 5)
    with pytest.raises(ValueError, match="3 draws cannot come from a pool of 2"):
        lure_weights(np.ones(3), 2)


def test_each_class_has_its_share_and_the_macro_figure_weighs_them_alike() -> None:
    labels = np.array([1] * 30 + [2] * 4)
    hits = np.array([True] * 27 + [False] * 3 + [True, True, False, False])
    found = class_recall(hits, labels)
    assert found[1][:2] == (27, 30) and found[2][:2] == (2, 4)
    assert found[2][2].low < 0.2 and found[2][2].high > 0.8
    macro = macro_recall(hits, labels)
    assert macro is not None
    assert macro.mean == pytest.approx(0.7)
    assert macro.low < 0.55 and macro.high > 0.85
    assert macro_recall(hits[:31], labels[:31]) is None
