"""The loop: next, answer, undo, status; many threads; kill -9 at the worst moments."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import NewAnswer
from models.encoders.backbones import Backbone
from models.encoders.preprocess import Framing
from tests.conftest import OpenSession, fill

ROOT = Path(__file__).parents[2]


def classes_of(session: Session) -> tuple[int, int]:
    return session.store.classes.ensure("cat").id, session.store.classes.ensure("dog").id


def answer(session: Session, kind: str, sample_id: str, class_id: int | None = None) -> str:
    """Give one answer and return its client id."""
    client_id = uuid.uuid4().hex
    assert session.answer("ann", [NewAnswer(client_id, sample_id, kind, class_id)]) == {}
    return client_id


def undo(session: Session, sample_id: str, client_id: str) -> None:
    new = NewAnswer(uuid.uuid4().hex, sample_id, "undo", undoes=client_id)
    assert session.answer("ann", [new]) == {}


def label_all_but(session: Session, count: int) -> None:
    """Label the pool until `count` samples are open."""
    cat, dog = classes_of(session)
    open_ids = [key for key in session.store.samples.ids() if key not in session.labels()]
    answers = [
        NewAnswer(f"l{key}", key, "label", dog if number % 2 else cat)
        for number, key in enumerate(open_ids[: len(open_ids) - count])
    ]
    assert session.answer("ann", answers) == {}
    session.worker.wait()


def ids(cards: Sequence[Any]) -> list[str]:
    return [card.sample_id for card in cards]


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets projects that are opened from now on have their labels in one or the other."""
    if request.param == "postgresql":
        monkeypatch.setenv("HONE_DATABASE_URL", request.getfixturevalue("cluster").url)


def either_database(test: Callable[..., None]) -> Callable[..., None]:
    """A test that is run with each of them."""
    both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
    return pytest.mark.usefixtures("database")(both(test))


# -- next ------------------------------------------------------------------------------------


def test_labeling_begins_before_any_embedding_exists(tmp_path: Path, backbone: Backbone) -> None:
    gate = threading.Event()

    class Late(Framing):
        def __call__(self, image: Any) -> Any:
            gate.wait(30)
            return super().__call__(image)

    project = open_project(fill(tmp_path / "images", 30), tmp_path / "p")
    session = Session(project, replace(backbone, framing=Late(**asdict(backbone.framing))))
    try:
        session.start()
        while not (cards := session.queue.next("tab", 5)):
            assert session.status().error is None
        assert {card.query for card in cards} == {"unscored"}
        assert session.round is None
        cat, dog = classes_of(session)
        for number, card in enumerate(cards):
            answer(session, "label", card.sample_id, dog if number % 2 else cat)
        session.worker.wait()
        status = session.status()
        assert (status.labels, status.seen, status.state) == (5, 0, "embedding")
        gate.set()
        session.ingest.wait(60)
        session.worker.wait(60)
        assert (session.status().seen, session.status().state) == (5, "idle")
    finally:
        gate.set()
        session.close()


def test_a_cold_pool_is_shown_in_the_order_of_the_cold_start(open_session: OpenSession) -> None:
    session = open_session()
    cards = session.queue.next("tab", 6)
    assert len(set(ids(cards))) == 6
    assert {card.query for card in cards} == {"max_herding"}
    assert all(card.probabilities == {} and card.round_id is None for card in cards)
    assert session.status().state == "waiting_for_labels"


def test_the_next_cards_come_without_those_in_hand(open_session: OpenSession) -> None:
    session = open_session()
    first = ids(session.queue.next("tab", 4))
    second = ids(session.queue.next("tab", 4, keep=first[:2]))
    assert not set(second) & set(first[:2])
    assert set(second) & set(first[2:])  # given back, and still the best


def test_eight_tabs_never_see_the_same_sample(open_session: OpenSession) -> None:
    session = open_session()
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda tab: ids(session.queue.next(f"tab{tab}", 5)), range(8)))
    everything = [key for part in parts for key in part]
    assert len(everything) == len(set(everything)) == 40
    assert session.queue.next("late", 5) == []


@either_database
def test_eight_threads_labeling_to_the_end_answer_each_sample_once(
    open_session: OpenSession,
) -> None:
    session = open_session()
    cat, dog = classes_of(session)

    def work(tab: int) -> list[str]:
        done = []
        while cards := session.queue.next(f"tab{tab}", 2):
            for card in cards:
                answer(session, "label", card.sample_id, cat if len(done) % 2 else dog)
                done.append(card.sample_id)
        return done

    with ThreadPoolExecutor(8) as pool:
        everything = [key for part in pool.map(work, range(8)) for key in part]
    assert len(everything) == len(set(everything)) == 40
    session.worker.wait()
    status = session.status()
    assert (status.labels, status.seen, status.error) == (40, 40, None)


def test_a_finished_pool_has_no_cards(open_session: OpenSession) -> None:
    session = open_session()
    label_all_but(session, 0)
    assert session.queue.next("tab", 5) == []
    assert session.worker.error is None
    assert session.status().seen == 40


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_any_number_of_cards_can_be_asked_for(open_session: OpenSession, count: int) -> None:
    assert len(open_session().queue.next("tab", count)) == min(count, 40)


def test_keeping_a_sample_that_does_not_exist_is_harmless(open_session: OpenSession) -> None:
    assert len(open_session().queue.next("tab", 3, keep=["f" * 64, "", "../x"])) == 3


# -- answer ----------------------------------------------------------------------------------


@either_database
def test_a_skipped_sample_comes_back_last(open_session: OpenSession) -> None:
    session = open_session()
    label_all_but(session, 4)
    first = session.queue.next("tab", 1)[0].sample_id
    answer(session, "skip", first)
    session.worker.wait()
    rest = session.queue.next("tab", 10)
    assert len(rest) == 4
    assert rest[-1].sample_id == first
    assert rest[-1].query == "skipped"
    assert "skipped before" in rest[-1].reason


def test_an_unsure_sample_does_not_come_back_and_is_not_trained_on(
    open_session: OpenSession,
) -> None:
    session = open_session()
    label_all_but(session, 3)
    unsure = session.queue.next("tab", 1)[0].sample_id
    answer(session, "unsure", unsure)
    session.worker.wait()
    assert unsure not in ids(session.queue.next("tab", 10))
    status = session.status()
    assert (status.labels, status.unsure, status.skipped, status.seen) == (37, 1, 0, 37)


def test_an_undone_sample_can_be_shown_again(open_session: OpenSession) -> None:
    session = open_session()
    label_all_but(session, 1)
    last = session.queue.next("tab", 1)[0].sample_id
    client_id = answer(session, "label", last, classes_of(session)[0])
    assert session.queue.next("tab", 1) == []
    undo(session, last, client_id)
    session.worker.wait()
    assert ids(session.queue.next("tab", 1)) == [last]
    assert (session.status().labels, session.status().seen) == (39, 39)


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


def test_an_audit_pick_is_blind_on_screen_and_predicted_in_the_answer(
    open_session: OpenSession,
) -> None:
    session = open_session(audit_share=1.0)
    label_all_but(session, 20)
    card = session.queue.next("tab", 1)[0]
    assert (card.query, card.probabilities, card.neighbours) == ("audit", {}, [])
    answer(session, "label", card.sample_id, classes_of(session)[0])
    stored = session.store.answers.all()[-1]
    assert stored.predicted_class is not None and stored.shown is False
    assert stored.acquisition_probability == pytest.approx(1 / 20)


def test_imported_answers_count_at_once(tmp_path: Path, backbone: Backbone) -> None:
    fill(tmp_path / "images" / "cat", 3)
    fill(tmp_path / "images" / "dog", 3, first=3)
    project = open_project(tmp_path / "images", tmp_path / "p")
    project.change(labels_from_folders=True)
    session = Session(project, backbone)
    try:
        session.prepare()
        assert session.status().labels == session.status().seen == 6
        assert session.queue.next("tab", 5) == []
    finally:
        session.close()


# -- page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("confident", [True, False])
def test_a_grid_page_holds_open_samples_of_one_predicted_class(
    open_session: OpenSession, confident: bool
) -> None:
    session = open_session()
    label_all_but(session, 24)
    counts = session.queue.predicted_counts()
    assert sum(counts.values()) == 24
    for class_id, count in counts.items():
        cards = session.queue.page(f"grid{class_id}", class_id, 100, confident=confident)
        assert len(cards) == count
        assert not set(ids(cards)) & set(session.labels())
        assert all(next(iter(card.probabilities)) == class_id for card in cards)
        sure = [next(iter(card.probabilities.values())) for card in cards]
        assert sure == sorted(sure, reverse=confident)


@either_database
def test_a_grid_page_leaves_out_what_another_tab_holds_and_what_has_left_the_pool(
    open_session: OpenSession,
) -> None:
    session = open_session()
    label_all_but(session, 24)
    class_id = max(session.queue.predicted_counts().items(), key=lambda item: item[1])[0]
    first = ids(session.queue.page("a", class_id, 2))
    second = ids(session.queue.page("b", class_id, 2))
    assert not set(first) & set(second)
    session.leave_out(second[0], "it is gone")
    session.queue.next("b", 0)
    assert second[0] not in ids(session.queue.page("c", class_id, 100))


def test_without_a_head_or_for_an_unknown_class_a_page_is_empty(open_session: OpenSession) -> None:
    session = open_session()
    assert session.queue.page("a", 1, 10) == []
    assert session.queue.predicted_counts() == {}
    label_all_but(session, 30)
    assert session.queue.page("a", 999, 10) == []


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

KILLED_WHILE_LABELING = """
import sys
from labeling.project.project import open_project
from labeling.loop.session import Session
from labeling.store import NewAnswer
session = Session(open_project(sys.argv[1], sys.argv[2]))
session.prepare()
classes = [session.store.classes.ensure(name).id for name in ("cat", "dog")]
number = 0
while cards := session.queue.next("tab", 2):
    for card in cards:
        number += 1
        new = NewAnswer(f"c{number}", card.sample_id, "label", classes[number % 2])
        assert session.answer("ann", [new]) == {}
        print(new.client_id, flush=True)
"""

KILLED_WHILE_EMBEDDING = """
import os, signal, sys
from labeling.embedding.ingest import Ingest
from labeling.project.project import open_project
from labeling.store import NewAnswer
project = open_project(sys.argv[1], sys.argv[2])
cat = project.store.classes.ensure("cat").id
def arrived():
    if not project.store.answers.all():
        key = project.store.samples.ids()[0]
        project.store.answers.append("ann", [NewAnswer("c1", key, "label", cat)])
        print("c1", flush=True)
    if ingest.cache is not None and len(ingest.cache):
        os.kill(os.getpid(), signal.SIGKILL)
ingest = Ingest(project, arrived)
ingest.run()
"""

KILLED_IN_A_ROUND = """
import os, signal, sys
from labeling.project.project import open_project
from labeling.loop.session import Session
from labeling.store import NewAnswer
session = Session(open_project(sys.argv[1], sys.argv[2]))
session.prepare()
classes = [session.store.classes.ensure(name).id for name in ("cat", "dog")]
session.store.rounds.add = lambda record: os.kill(os.getpid(), signal.SIGKILL)
for number, key in enumerate(session.store.samples.ids()[:6], start=1):
    session.answer("ann", [NewAnswer(f"c{number}", key, "label", classes[number % 2])])
    print(f"c{number}", flush=True)
session.worker.wait()
"""


def run_until_killed(code: str, pool: Path, folder: Path, after: int | None = None) -> list[str]:
    """Run a script and return the client ids it printed; kill it after the `after`th."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(pool), str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )
    acknowledged: list[str] = []
    with child:
        assert child.stdout is not None
        for line in child.stdout:
            acknowledged.append(line.strip())
            if len(acknowledged) == after:
                child.kill()
    assert child.returncode == -signal.SIGKILL
    return acknowledged


def test_an_answer_that_was_acknowledged_survives_a_kill(
    open_session: OpenSession, pool: Path, tmp_path: Path
) -> None:
    open_session(tmp_path / "p").close()
    acknowledged = run_until_killed(KILLED_WHILE_LABELING, pool, tmp_path / "p", after=9)
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
    assert run_until_killed(KILLED_WHILE_EMBEDDING, images, tmp_path / "p") == ["c1"]
    session = Session(open_project(images, tmp_path / "p"), backbone)
    loaded: list[int] = []
    read = session.project.source.read
    session.project.source.read = lambda path: (loaded.append(1), read(path))[1]  # type: ignore[method-assign]
    try:
        session.prepare()
        assert session.ingest.cache is not None
        assert len(session.ingest.cache) == 100
        assert 0 < len(loaded) < 100  # what was embedded before is not read again
        assert session.status().labels == 1
        assert session.store.samples.problems() == []
    finally:
        session.close()


def test_a_kill_between_a_head_and_its_record_loses_no_answer(
    open_session: OpenSession, pool: Path, tmp_path: Path
) -> None:
    open_session(tmp_path / "p").close()
    acknowledged = run_until_killed(KILLED_IN_A_ROUND, pool, tmp_path / "p")
    session = open_session(tmp_path / "p")
    stored = [one.client_id for one in session.store.answers.all()]
    assert set(acknowledged) <= set(stored)
    status = session.status()
    assert (status.labels, status.seen, status.error) == (len(stored), len(stored), None)
    record = session.store.rounds.latest()
    assert record is not None and record.id == 1
