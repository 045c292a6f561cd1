"""Consensus of labels that contradict one another."""

import numpy as np
import pytest

from models.evidence.consensus import one_coin


def test_two_reliable_people_outweigh_three_who_guess() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    skills = np.array([0.95, 0.9, 0.25, 0.25, 0.25])
    items, people = np.divmod(np.arange(1000), 5)
    wrong = (truth[items] + rng.integers(1, 4, 1000)) % 4
    labels = np.where(rng.random(1000) < skills[people], truth[items], wrong)
    posterior, skill = one_coin(items, people, labels, 4)
    assert posterior.shape == (200, 4)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    np.testing.assert_allclose(skill, skills, atol=0.07)
    votes = np.zeros((200, 4))
    np.add.at(votes, (items, labels), 1)
    hits = (posterior.argmax(axis=1) == truth).mean()
    assert hits > (votes.argmax(axis=1) == truth).mean() + 0.03


def test_two_of_three_alike_people_are_believed_and_the_doubt_stays() -> None:
    posterior, _ = one_coin(np.zeros(3, np.int64), np.arange(3), np.array([1, 1, 0]), classes=3)
    assert posterior[0].argmax() == 1
    assert 0.8 < posterior[0, 1] < 0.99


def test_two_who_contradict_each_other_settle_nothing() -> None:
    posterior, _ = one_coin(np.zeros(2, np.int64), np.arange(2), np.array([0, 2]), classes=3)
    assert posterior[0, 0] == pytest.approx(posterior[0, 2])


@pytest.mark.parametrize("labels, classes", [([], 2), ([0], 1)])
def test_nothing_to_agree_on_is_refused(labels: list[int], classes: int) -> None:
    one = np.array(labels, dtype=np.int64)
    with pytest.raises(ValueError, match="make no consensus"):
        one_coin(one, one, one, classes)
