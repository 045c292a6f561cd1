"""Strength and temperature: chosen seldom, the same however one came there."""

import numpy as np
import pytest

from models.head import tuning
from models.head.stopping import Cancelled
from models.head.tuning import STRENGTHS, checkpoint, tune
from tests.clusters import clusters


@pytest.fixture(autouse=True)
def fresh_memo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "MEMO", tuning.Memo(tuning.KEPT))


def test_a_checkpoint_stays_while_labels_are_added() -> None:
    labels = np.arange(5000) % 7
    sizes = [len(checkpoint(labels[:n])) for n in range(20, 900)]
    assert len(set(sizes)) < 25
    assert all(0.79 * n <= size <= n for n, size in zip(range(20, 900), sizes, strict=True))
    np.testing.assert_array_equal(checkpoint(labels[:700]), np.arange(sizes[700 - 20]))
    many = checkpoint(labels)
    assert len(many) == tuning.TUNED_ROWS and many[0] == 0 and many[-1] > 3900


def test_rows_sorted_by_class_are_tuned_on_all_classes() -> None:
    labels = np.repeat(np.arange(50), 2)  # of which the first 97 miss a class
    assert len(checkpoint(labels)) == 100


def test_new_labels_reuse_what_was_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = clusters(130, 20, 3)
    fits: list[float] = []
    minimise = tuning.minimise

    def counted(*args: object) -> object:
        fits.append(1.0)
        return minimise(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "minimise", counted)
    for n in range(100, 130):
        tune(features[:n], labels[:n])
    assert len(STRENGTHS) <= len(fits) <= 3 * len(STRENGTHS)


def test_noise_asks_for_a_larger_strength() -> None:
    sharp, labels = clusters(120, 20, 3, noise=0.02)
    noisy, same = clusters(120, 20, 3, noise=0.6)
    assert tune(sharp, labels).strength < tune(noisy, same).strength


def test_few_labels_a_class_take_the_default() -> None:
    features, labels = clusters(20, 30, 7)
    assert tune(features, labels).strength == tuning.DEFAULT_STRENGTH


def test_a_given_strength_is_kept() -> None:
    features, labels = clusters(60, 30, 3)
    small, large = (tune(features, labels, strength) for strength in (0.05, 50.0))
    assert (small.strength, large.strength) == (0.05, 50.0)
    assert small.temperature > large.temperature  # the sharper one is cooled


def test_audits_and_labels_are_part_of_what_is_remembered() -> None:
    features, labels = clusters(200, 30, 3, noise=0.5)
    audits = np.zeros(200, dtype=bool)
    audits[:60] = True
    plain = tune(features, labels)
    assert tune(features, labels, audits=audits).temperature != plain.temperature
    changed = labels.copy()
    changed[:50] = (changed[:50] + 1) % 3
    assert tune(features, changed) != plain
    assert tune(features, labels) == plain


def test_a_stopped_tuning_leaves_nothing_behind() -> None:
    features, labels = clusters(60, 30, 3)
    with pytest.raises(Cancelled):
        tune(features, labels, stop=lambda: True)
    assert tune(features, labels).strength in STRENGTHS


def test_the_memo_forgets_the_oldest() -> None:
    memo = tuning.Memo(2)
    for name in (b"a", b"b"):
        memo.put(name, tuning.Tuned(1.0, 1.0))
    memo.get(b"a")
    memo.put(b"c", tuning.Tuned(1.0, 1.0))
    assert memo.get(b"b") is None
    assert memo.get(b"a") is not None and memo.get(b"c") is not None
