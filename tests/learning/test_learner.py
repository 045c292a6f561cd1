"""The learner: rounds follow answers, are kept, are found again, and are the same each time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labeling.learning.worker import State
from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import NewAnswer
from models.encoders.backbones import Backbone
from tests.conftest import OpenSession, fill


def teach(session: Session, count: int, one_by_one: bool = True) -> None:
    """Label the first samples of the pool by the kind of picture they hold."""
    cold = session.store.classes.ensure("cold").id
    warm = session.store.classes.ensure("warm").id
    answers = [
        NewAnswer(f"t{key}", key, "label", warm if even(session, key) else cold)
        for key in session.store.samples.ids()[:count]
        if key not in session.labels()
    ]
    for answer in answers:
        assert session.answer("ann", [answer]) == {}
        if one_by_one:
            session.worker.wait()
    session.worker.wait()


def even(session: Session, sample_id: str) -> bool:
    sample = session.store.samples.get(sample_id)
    assert sample is not None
    return int(sample.paths[0].removeprefix("img").removesuffix(".png")) % 2 == 0


def proba(session: Session) -> np.ndarray[Any, Any]:
    """Probabilities (N, K) of the samples in pool order."""
    round_ = session.round
    assert round_ is not None and round_.head is not None
    rows = [round_.table.row(key) for key in session.store.samples.ids()]
    assert None not in rows
    return round_.head.predict_proba(round_.table.features[np.array(rows)])


def test_the_head_knows_the_rest_of_the_pool_after_a_few_labels(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 8, one_by_one=False)
    round_ = session.round
    assert round_ is not None and round_.head is not None
    names = session.store.classes.names()
    best = round_.head.classes[proba(session).argmax(axis=1)]
    right = [
        (names[int(class_id)] == "warm") == even(session, key)
        for key, class_id in zip(session.store.samples.ids(), best, strict=True)
    ]
    assert np.mean(right) > 0.9


def test_a_round_is_stored_with_what_it_has_seen(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 4)
    record = session.store.rounds.latest()
    assert record is not None and session.round is not None
    assert record.id == session.round.id
    assert record.through == session.store.answers.last_id()
    assert (record.metrics["labels"], record.metrics["classes"]) == (4, 2)
    assert record.metrics["embedded"] == 40
    assert set(record.seconds) == {"fit", "score", "rank"}
    assert (session.project.heads / record.head).is_file()


def test_the_same_answers_and_seed_rebuild_the_same_head_and_ranking(
    open_session: OpenSession, tmp_path: Path
) -> None:
    first, second = open_session(tmp_path / "a"), open_session(tmp_path / "b")
    teach(first, 12, one_by_one=True)
    teach(second, 12, one_by_one=False)
    np.testing.assert_array_equal(proba(first), proba(second))
    assert first.round is not None and second.round is not None
    ids = [offer.sample_id for offer in first.round.ranking]
    assert ids == [offer.sample_id for offer in second.round.ranking]
    assert [offer.query for offer in first.round.ranking] == [
        offer.query for offer in second.round.ranking
    ]


def test_a_restart_in_between_does_not_change_the_head(
    open_session: OpenSession, tmp_path: Path
) -> None:
    through, halfway = open_session(tmp_path / "a"), open_session(tmp_path / "b")
    teach(through, 12)
    teach(halfway, 6)
    halfway.close()
    again = open_session(tmp_path / "b")
    teach(again, 12)
    np.testing.assert_array_equal(proba(through), proba(again))


def test_another_seed_ranks_otherwise(open_session: OpenSession, tmp_path: Path) -> None:
    rankings = []
    for seed in (0, 1):
        session = open_session(tmp_path / str(seed), seed=seed, query="random")
        teach(session, 4)
        assert session.round is not None
        rankings.append([offer.sample_id for offer in session.round.ranking])
    assert rankings[0] != rankings[1]


def test_reopening_makes_no_new_round_when_nothing_changed(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 6)
    rounds, before = session.store.rounds.all(), proba(session)
    ranking = [offer.sample_id for offer in session.round.ranking]  # type: ignore[union-attr]
    session.close()
    again = open_session()
    assert again.store.rounds.all() == rounds
    assert again.round is not None and again.round.id == rounds[-1].id
    np.testing.assert_array_equal(proba(again), before)
    assert [offer.sample_id for offer in again.round.ranking] == ranking
    assert again.status().seen == 6


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_or_missing_head_is_fitted_again(open_session: OpenSession, damage: str) -> None:
    session = open_session()
    teach(session, 6)
    before, record = proba(session), session.store.rounds.latest()
    session.close()
    assert record is not None
    file = session.project.heads / record.head
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        file.unlink()
    again = open_session()
    assert again.worker.error is None
    np.testing.assert_allclose(proba(again), before, atol=1e-5)


def test_a_restored_round_predicts_as_it_did_and_stays_until_training_is_resumed(
    open_session: OpenSession,
) -> None:
    session = open_session()
    teach(session, 4)
    old, before = session.store.rounds.latest(), proba(session)
    assert old is not None
    teach(session, 10)
    assert not np.array_equal(proba(session), before)
    session.restore(old.id)
    session.worker.wait()
    np.testing.assert_array_equal(proba(session), before)
    rounds = len(session.store.rounds.all())
    teach(session, 14)
    np.testing.assert_array_equal(proba(session), before)
    status = session.status()
    assert (status.pinned, status.round_id) == (True, old.id)
    assert (status.seen, status.labels) == (old.metrics["labels"], 14)
    assert len(session.store.rounds.all()) == rounds
    session.close()
    again = open_session()
    np.testing.assert_array_equal(proba(again), before)
    again.resume()
    again.worker.wait()
    assert again.status().seen == 14
    assert again.status().pinned is False


def test_a_restored_round_whose_head_is_damaged_says_so(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 4)
    record = session.store.rounds.latest()
    assert record is not None
    (session.project.heads / record.head).write_bytes(b"junk")
    session.restore(record.id)
    session.worker.wait()
    assert session.worker.state is State.FAILED
    assert "cannot be restored" in str(session.status().error)
    assert "resume training instead" in str(session.status().error)
    session.resume()
    session.worker.wait()
    assert session.status().error is None


def test_a_pinned_round_of_another_backbone_says_so(open_session: OpenSession) -> None:
    from dataclasses import replace

    session = open_session()
    teach(session, 4)
    record = session.store.rounds.latest()
    assert record is not None
    session.store.rounds.add(replace(record, id=record.id + 1, backbone="other"))
    session.restore(record.id + 1)
    session.worker.wait()
    assert "belongs to the backbone other" in str(session.worker.error)


def test_an_archived_class_is_not_predicted_any_more(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 6)
    gone = session.store.classes.ensure("third").id
    open_ids = session.store.samples.ids()[-2:]
    session.answer("ann", [NewAnswer(f"x{key}", key, "label", gone) for key in open_ids])
    session.worker.wait()
    assert session.round is not None and session.round.head is not None
    assert gone in session.round.head.classes
    session.store.classes.archive(gone)
    session.worker.request()
    session.worker.wait()
    assert session.round.head is not None
    assert gone not in session.round.head.classes
    assert not {offer.sample_id for offer in session.round.ranking} & set(open_ids)


def test_features_follow_their_samples_when_one_leaves_and_another_comes(
    open_session: OpenSession,
) -> None:
    session = open_session()
    teach(session, 6)
    ids = session.store.samples.ids()
    assert session.round is not None
    first = dict(zip(ids, proba(session), strict=True))
    session.leave_out(ids[20], "it is gone")
    session.worker.request()
    session.worker.wait()
    assert session.round.table.row(ids[20]) is None
    left = ids[:20] + ids[21:]
    now = dict(zip(session.store.samples.ids(), proba(session), strict=True))
    for key in left:
        np.testing.assert_allclose(now[key], first[key], atol=0.02)  # the centre has moved


def test_an_error_in_a_round_keeps_the_previous_one_and_is_shown(open_session: OpenSession) -> None:
    session = open_session()
    teach(session, 4)
    before = session.round
    session.project.change(query="no such query")
    session.worker.request()
    session.worker.wait()
    assert session.round is before
    assert session.status().state == "failed"
    assert "no such query" in str(session.status().error)
    session.change(query="margin")
    session.worker.wait()
    assert (session.status().state, session.status().error) == ("idle", None)


def test_the_ranking_reaches_beyond_what_others_hold(tmp_path: Path, backbone: Backbone) -> None:
    project = open_project(fill(tmp_path / "images", 90), tmp_path / "p")
    session = Session(project, backbone)
    try:
        session.prepare()
        held = [
            card.sample_id for card in session.queue.next("a", 24) + session.queue.next("b", 24)
        ]
        teach(session, 4)
        assert session.round is not None
        free = [one for one in session.round.ranking if one.sample_id not in held]
        assert len(free) >= 24
    finally:
        session.close()
