"""The session: answer, undo, status; kill -9 at the worst moments."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from labeling.embedding.ingest import Ingest
from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import NewAnswer
from models.encoders.backbones import Backbone
from tests.conftest import OpenSession, fill
from tests.forks import fork
from tests.loop.labeling import answer, classes_of, either_database, ids, label_all_but, undo

# -- answer ----------------------------------------------------------------------------------


@either_database
def test_undoing_a_relabel_brings_the_earlier_class_back(open_session: OpenSession) -> None:
    session = open_session()
    cat, dog = classes_of(session)
    key = session.store.samples.ids()[0]
    answer(session, "label", key, cat)
    second = answer(session, "label", key, dog)
    assert session.status().per_class == {dog: 1}
    undo(session, key, second)
    assert session.status().per_class == {cat: 1}
    assert session.labels()[key].class_id == cat


@either_database
def test_one_wrong_answer_does_not_hold_up_the_others(open_session: OpenSession) -> None:
    session = open_session()
    cat, _ = classes_of(session)
    first, second = session.store.samples.ids()[:2]
    refused = session.answer(
        "ann",
        [
            NewAnswer("a", first, "label", cat),
            NewAnswer("b", "f" * 64, "label", cat),
            NewAnswer("c", second, "label", 999),
            NewAnswer("d", second, "label", cat),
        ],
    )
    assert set(refused) == {"b", "c"}
    assert "no sample" in refused["b"] and "no class 999" in refused["c"]
    assert {one.client_id for one in session.labels().values()} == {"a", "d"}


@either_database
def test_a_repeated_delivery_changes_nothing(open_session: OpenSession) -> None:
    session = open_session()
    cat, _ = classes_of(session)
    key = session.store.samples.ids()[0]
    for _ in range(3):
        assert session.answer("ann", [NewAnswer("same", key, "label", cat)]) == {}
    assert len(session.store.answers.all()) == 1
    assert session.status().labels == 1


def test_rounds_follow_answers_and_cards_carry_the_newest(open_session: OpenSession) -> None:
    session = open_session(audit_share=0.0)
    label_all_but(session, 30)
    assert session.status().round_id is not None
    card = session.queue.next("tab", 1)[0]
    assert card.round_id == session.status().round_id
    assert sum(card.probabilities.values()) == pytest.approx(1, abs=1e-2)
    assert len(card.neighbours) == 3
    answer(session, "label", card.sample_id, classes_of(session)[0])
    session.worker.wait()
    assert session.status().round_id == (card.round_id or 0) + 1
    stored = session.store.answers.all()[-1]
    assert (stored.round_id, stored.query) == (card.round_id, card.query)
    assert stored.shown and stored.predicted_class == next(iter(card.probabilities))


def test_imported_answers_count_at_once(tmp_path: Path, backbone: Backbone) -> None:
    fill(tmp_path / "images" / "cat", 3)
    fill(tmp_path / "images" / "dog", 3, first=3)
    project = open_project(tmp_path / "images", tmp_path / "p")
    project.change(pool_labels=True)
    session = Session(project, backbone)
    try:
        session.prepare()
        assert session.status().labels == session.status().seen == 6
        assert session.queue.next("tab", 5) == []
    finally:
        session.close()


# -- life ------------------------------------------------------------------------------------


def test_status_counts_samples_by_their_present_answer(open_session: OpenSession) -> None:
    session = open_session()
    cat, dog = classes_of(session)
    a, b, c, d = session.store.samples.ids()[:4]
    answer(session, "label", a, cat)
    answer(session, "label", a, dog)
    answer(session, "label", b, dog)
    answer(session, "skip", c)
    answer(session, "unsure", d)
    session.worker.wait()
    status = session.status()
    assert (status.labels, status.skipped, status.unsure, status.total) == (2, 1, 1, 40)
    assert status.per_class == {dog: 2}
    assert (status.state, status.ingest.stage) == ("waiting_for_labels", "done")


@either_database
def test_answers_to_samples_that_left_the_pool_are_not_counted(open_session: OpenSession) -> None:
    session = open_session()
    cat, dog = classes_of(session)
    a, b, c, d, e = session.store.samples.ids()[:5]
    for number, key in enumerate((a, b, c)):
        answer(session, "label", key, dog if number % 2 else cat)
    answer(session, "skip", d)
    answer(session, "unsure", e)
    for key in (a, d, e):
        session.leave_out(key, "it cannot be shown")
    answer(session, "label", session.store.samples.ids()[-1], cat)
    session.worker.wait()
    status = session.status()
    assert (status.labels, status.skipped, status.unsure, status.total) == (3, 0, 0, 37)
    assert (status.seen, status.per_class) == (3, {cat: 2, dog: 1})


def test_every_answer_moves_the_version_on(open_session: OpenSession) -> None:
    session = open_session()
    before = session.status().version
    answer(session, "skip", session.store.samples.ids()[0])
    assert session.status().version > before


@either_database
def test_a_reopened_session_goes_on_where_it_was(open_session: OpenSession) -> None:
    session = open_session()
    label_all_but(session, 30)
    before, counts = session.status(), session.queue.predicted_counts()
    session.close()
    again = open_session()
    after = again.status()
    assert (after.labels, after.seen, after.round_id, after.per_class) == (
        before.labels,
        before.seen,
        before.round_id,
        before.per_class,
    )
    assert again.queue.predicted_counts() == counts


def test_a_sample_that_cannot_be_shown_is_left_out_by_name(open_session: OpenSession) -> None:
    session = open_session()
    key = session.queue.next("tab", 1)[0].sample_id
    session.leave_out(key, "img.png cannot be shown")
    session.worker.wait()
    assert key not in ids(session.queue.next("tab", 100))
    status = session.status()
    assert (status.total, status.left_out) == (39, 1)
    (path,) = session.store.samples.many([key])[key].paths
    assert status.left_out_names == (path,)
    assert session.store.samples.problems()[0][1] == "img.png cannot be shown"


def test_a_round_that_does_not_exist_cannot_be_restored(open_session: OpenSession) -> None:
    with pytest.raises(HoneError, match="no round 77"):
        open_session().restore(77)


def test_closing_twice_is_harmless(open_session: OpenSession) -> None:
    session = open_session()
    session.close()
    session.close()


# -- kill -9 ---------------------------------------------------------------------------------


def label_on(pool: Path, folder: Path, told: Connection) -> None:
    session = Session(open_project(pool, folder))
    session.prepare()
    classes = classes_of(session)
    number = 0
    while cards := session.queue.next("tab", 2):
        for card in cards:
            number += 1
            new = NewAnswer(f"c{number}", card.sample_id, "label", classes[number % 2])
            assert session.answer("ann", [new]) == {}
            told.send(new.client_id)


def die_while_embedding(pool: Path, folder: Path, told: Connection) -> None:
    project = open_project(pool, folder)
    cat = project.store.classes.ensure("cat").id

    def arrived() -> None:
        if not project.store.answers.all():
            key = project.store.samples.ids()[0]
            project.store.answers.append("ann", [NewAnswer("c1", key, "label", cat)])
            told.send("c1")
        if ingest.cache is not None and len(ingest.cache):
            os.kill(os.getpid(), signal.SIGKILL)

    ingest = Ingest(project, arrived)
    ingest.run()


def die_in_a_round(pool: Path, folder: Path, told: Connection) -> None:
    session = Session(open_project(pool, folder))
    session.prepare()
    classes = classes_of(session)
    session.store.rounds.add = lambda record: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
    for number, key in enumerate(session.store.samples.ids()[:6], start=1):
        session.answer("ann", [NewAnswer(f"c{number}", key, "label", classes[number % 2])])
        told.send(f"c{number}")
    session.worker.wait()


def run_until_killed(
    work: Callable[..., None], pool: Path, folder: Path, after: int | None = None
) -> list[str]:
    """Let a process work and return the client ids it told; kill it after the `after`th."""
    child, told = fork(work, pool, folder)
    acknowledged: list[str] = []
    with told, suppress(EOFError, OSError):  # half a message does not count
        while True:
            acknowledged.append(told.recv())
            if len(acknowledged) == after:
                child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    return acknowledged


def test_an_answer_that_was_acknowledged_survives_a_kill(
    open_session: OpenSession, pool: Path, tmp_path: Path
) -> None:
    open_session(tmp_path / "p").close()
    acknowledged = run_until_killed(label_on, pool, tmp_path / "p", after=9)
    session = open_session(tmp_path / "p")
    stored = [one.client_id for one in session.store.answers.all()]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored)) == len(session.labels())
    assert len(stored) - len(acknowledged) <= 1  # the one that was under way
    status = session.status()
    assert (status.seen, status.state, status.error) == (len(stored), "idle", None)
    assert not set(ids(session.queue.next("other", 40))) & set(session.labels())


def test_embedding_goes_on_after_a_kill(tmp_path: Path, backbone: Backbone) -> None:
    images = fill(tmp_path / "images", 100)
    assert run_until_killed(die_while_embedding, images, tmp_path / "p") == ["c1"]
    session = Session(open_project(images, tmp_path / "p"), backbone)
    (matrix,) = session.project.embeddings.glob("*/matrix.f16")
    rows = json.loads(matrix.with_name("manifest.json").read_bytes())["rows"]
    before = matrix.read_bytes()[: rows * backbone.dim * 2]
    loaded: list[int] = []
    read = session.project.source.read
    session.project.source.read = lambda path: (loaded.append(1), read(path))[1]  # type: ignore[method-assign]
    try:
        session.prepare()
        assert session.ingest.cache is not None
        assert len(session.ingest.cache) == 100
        assert len(loaded) == 100 - rows < 100  # what was embedded before is not read again …
        assert matrix.read_bytes().startswith(before)  # … and stays as it was
        assert matrix.stat().st_size == 100 * backbone.dim * 2
        assert session.status().labels == 1
        assert session.store.samples.problems() == []
    finally:
        session.close()


def test_a_kill_between_a_head_and_its_record_loses_no_answer(
    open_session: OpenSession, pool: Path, tmp_path: Path
) -> None:
    open_session(tmp_path / "p").close()
    acknowledged = run_until_killed(die_in_a_round, pool, tmp_path / "p")
    session = open_session(tmp_path / "p")
    stored = [one.client_id for one in session.store.answers.all()]
    assert set(acknowledged) <= set(stored)
    status = session.status()
    assert (status.labels, status.seen, status.error) == (len(stored), len(stored), None)
    record = session.store.rounds.latest()
    assert record is not None and record.id == 1
