"""Suspects: labels that the others contradict."""

from dataclasses import replace

import numpy as np

from labeling.evidence.gathering import Evidence
from labeling.evidence.suspects import alike, confirmed, suspects, thin
from labeling.loop.session import Session
from labeling.store import Answer
from models.evidence.left_out import LeftOut
from models.evidence.ridge_loo import LeaveOneOut, leave_one_out
from tests.conftest import decision, label
from tests.mislabeled import wrong

BLANK = Answer(
    *(0, "", "", "label", None, None, "ann", 0.0, None, "human"),
    *(None, None, None, None, None, None, False),
)


def test_wrong_labels_come_first_and_are_mended_or_confirmed(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    found = session.figures.suspects(evidence)
    assert {one.sample_id for one in found[:2]} == wrong(session)
    assert session.figures.judged(evidence) is session.figures.judged(evidence)
    first, second = found[:2]
    assert first.given != first.predicted
    assert [key for key, _ in first.chances] == [first.predicted, first.given]
    assert first.chances[1][1] == first.likelihood
    session.answer("rita", [decision(first.sample_id, first.predicted)])
    session.answer("ann", [label(second.sample_id, second.given)])  # a label given twice is meant
    # On what was known before, too: a round may take its time.
    assert not wrong(session) & {one.sample_id for one in session.figures.suspects(evidence)}
    session.worker.wait()
    assert session.labels()[first.sample_id].class_id == first.predicted
    assert confirmed(session.store.answers.standing()) == {first.sample_id, second.sample_id}
    evidence = session.figures.evidence()
    assert evidence is not None
    left = {one.sample_id for one in session.figures.suspects(evidence)}
    assert not left & {first.sample_id, second.sample_id}


def test_a_suspect_is_shown_beside_what_is_most_like_it_in_each_likely_class(
    session: Session,
) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    first = session.figures.suspects(evidence)[0]
    labels = {key: answer.class_id for key, answer in session.labels().items()}
    assert session.round is not None
    found = alike(session.round, evidence, first.sample_id, [first.predicted, first.given])
    for class_id, samples in found.items():
        assert len(samples) == 4
        assert {labels[key] for key, _ in samples} == {class_id}
        assert first.sample_id not in dict(samples)
        similarity = [value for _, value in samples]
        assert similarity == sorted(similarity, reverse=True)
    assert found[first.predicted][0][1] > found[first.given][0][1]


def few_of_many(
    classes: int, each: int, wrong: int = 0
) -> tuple[Evidence, LeaveOneOut, dict[str, Answer]]:
    """True labels of many classes that overlap, `each` of every class; the first ones `wrong`."""
    rng = np.random.default_rng(3)
    truth = np.repeat(np.arange(1, classes + 1), each)
    features = rng.normal(size=(classes + 1, 60))[truth] + 1.6 * rng.normal(size=(len(truth), 60))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    given = truth.copy()
    given[:wrong] = classes - np.arange(wrong)
    ids = tuple(f"{place:064x}" for place in range(len(truth)))
    judged = leave_one_out(features, given)
    none = np.zeros(len(truth))
    evidence = Evidence(
        *(1, len(ids), 0, ids, np.arange(len(ids)), given),
        LeftOut(judged.classes, judged.proba),
        *(none > 0, none, np.arange(len(ids)), np.array([], dtype=np.int64), none[:0]),
    )
    answers = {
        key: replace(BLANK, id=place + 1, sample_id=key, class_id=int(given[place]))
        for place, key in enumerate(ids)
    }
    return evidence, judged, answers


def test_true_labels_of_classes_with_few_labels_are_not_called_suspects() -> None:
    evidence, judged, answers = few_of_many(40, 3)
    assert judged.suspect.sum() > 20  # what was listed before there was this rule
    assert suspects(evidence, judged, answers, []) == []
    assert thin(evidence.labels) == set(range(1, 41))


def test_with_enough_labels_of_each_class_wrong_ones_are_found_and_true_ones_mostly_left() -> None:
    evidence, judged, answers = few_of_many(10, 30, wrong=8)
    assert thin(evidence.labels) == set()
    found = [one.sample_id for one in suspects(evidence, judged, answers, [])]
    planted = set(evidence.ids[:8])
    assert len(planted & set(found)) >= 6
    doubted = {evidence.ids[place] for place in np.flatnonzero(judged.suspect)}
    assert len(set(found) - planted) < len(doubted - planted)
