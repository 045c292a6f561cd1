"""Several processes with one project: they see each other's work, and one of them leads."""

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labeling.errors import StorageError
from labeling.learning.worker import State
from labeling.loop import peers
from labeling.loop.peers import News
from labeling.loop.session import Session
from labeling.pool.folder import FolderSource
from labeling.project.project import open_project
from labeling.store import NewAnswer
from labeling.store.samples import Samples
from models.encoders.backbones import Backbone
from tests.conftest import OpenSession, label

Join = Callable[[], Session]


@pytest.fixture(params=["sqlite", "postgresql"])
def join(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    pool: Path,
    embedded: tuple[Path, str],
    backbone: Backbone,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Join]:
    """Starts one more session of the same project, as another process would."""
    if request.param == "postgresql":
        monkeypatch.setenv("HONE_DATABASE_URL", request.getfixturevalue("cluster").url)
    monkeypatch.setattr(peers, "LOOK", 0.05)
    monkeypatch.setattr(peers, "ALONE", 0.06)
    monkeypatch.setattr(peers, "CALL", 0.1)
    shutil.copytree(embedded[0], tmp_path / "project" / "embeddings")
    opened: list[Session] = []

    def start() -> Session:
        opened.append(Session(open_project(pool, tmp_path / "project"), backbone))
        opened[-1].start()
        return opened[-1]

    yield start
    for session in opened:
        session.close()


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def trained(session: Session) -> int | None:
    """The round whose head a session has, if there is one."""
    return session.round.id if session.round is not None else None


def test_one_process_trains_and_the_other_takes_over_its_rounds_and_its_lead(join: Join) -> None:
    first, second = join(), join()
    assert (first.peers.leads, second.peers.leads) == (True, False)
    until(lambda: first.ingest.state.stage == "done" and second.ingest.state.stage == "done")
    cat, dog = (second.store.classes.create(name).id for name in ("cat", "dog"))
    keys = second.store.samples.ids()
    second.answer("ann", [label(keys[0], cat), label(keys[1], dog)])
    until(lambda: trained(first) and trained(second) == trained(first))
    assert second.status().seen == first.status().seen == 2
    assert [one.id for one in second.store.rounds.all()] == [trained(first)]
    assert second.queue.next("tab", 1)[0].round_id == trained(first)
    first.close()
    until(lambda: second.peers.leads and second.ingest.state.stage == "done")
    second.answer("ann", [label(keys[2], cat)])
    until(lambda: second.status().seen == 3)
    assert len(second.store.rounds.all()) == 2


def test_what_one_process_writes_the_other_shows_within_a_moment(join: Join) -> None:
    first, second = join(), join()
    until(lambda: first.ingest.state.stage == "done")
    version = second.notifier.version
    cat = first.store.classes.create("cat").id
    until(lambda: [one.id for one in second.store.classes.all()] == [cat])
    key = first.store.samples.ids()[0]
    first.answer("ann", [label(key, cat)])
    until(lambda: second.status().labels == 1)
    until(lambda: second.notifier.version > version)
    assert key not in {card.sample_id for card in second.queue.next("tab", 40)}
    second.change(overlap_share=0.5)
    until(lambda: first.current.consensus.overlap.share == 0.5)


def test_two_processes_never_offer_the_same_sample(join: Join) -> None:
    sessions = [join(), join()]
    until(lambda: all(one.ingest.state.stage == "done" for one in sessions))
    cat = sessions[0].store.classes.create("cat").id
    held: dict[str, str] = {}
    doubled: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        session, name = sessions[number % 2], f"tab{number}"
        while cards := session.queue.next(name, 2):
            keys = [card.sample_id for card in cards]
            with lock:
                doubled.extend(key for key in keys if held.get(key, name) != name)
                held.update(dict.fromkeys(keys, name))
            assert not session.answer(name, [label(key, cat, f"{name}-{key}") for key in keys])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert doubled == []
    answers = sessions[0].store.answers.all()
    assert len(answers) == len({one.sample_id for one in answers}) == 40


def test_a_process_that_leads_looks_seldom_until_it_hears_of_another(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "LIVELY", 1.0)
    first = join()
    until(lambda: first.peers.leads and first.ingest.state.stage == "done")
    until(lambda: first.peers.rest() == peers.ALONE)
    second = join()
    assert second.peers.rest() == peers.LOOK
    until(lambda: second.current.sample_index)
    (card,) = second.queue.next("tab", 1)
    second.answer("bob", [NewAnswer("b", card.sample_id, "skip")])
    until(lambda: first.peers.rest() == peers.LOOK)


@pytest.mark.parametrize(
    ("owner", "method", "fault", "reason"),
    [
        (
            Samples,
            "clear_problems",
            StorageError("The database cannot be reached just now."),
            "cannot be reached",
        ),
        (
            FolderSource,
            "read",
            OSError(errno.EMFILE, "Too many open files"),
            "Too many open files",
        ),
    ],
    ids=["database", "files"],
)
def test_embedding_that_something_away_cut_off_goes_on_when_it_is_back(
    join: Join,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
    fault: Exception,
    reason: str,
) -> None:
    def away(*_: object) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, away)
        patch.setattr(peers, "ALONE", 0.5)
        session = join()
        until(lambda: session.ingest.state.stage == "failed")
        assert reason in (session.status().error or "")
    until(lambda: session.ingest.state.stage == "done")
    assert session.status().left_out == 0


def test_a_script_beside_a_server_takes_its_round_over_and_leaves_it_the_lead(
    join: Join, pool: Path, backbone: Backbone
) -> None:
    server = join()
    until(lambda: server.ingest.state.stage == "done")
    cat, dog = (server.store.classes.create(name).id for name in ("cat", "dog"))
    keys = server.store.samples.ids()
    server.answer("ann", [label(keys[0], cat), label(keys[1], dog)])
    until(lambda: trained(server))
    script = Session(open_project(pool, server.project.folder), backbone)
    script.prepare()
    assert trained(script) == trained(server) and script.status().seen == 2
    assert len(script.store.rounds.all()) == 1
    script.close()
    assert server.store.lead.win()


def test_a_certificate_that_one_process_begins_is_known_to_the_other(join: Join) -> None:
    first, second = join(), join()
    until(lambda: first.ingest.state.stage == "done")
    cat, dog = (first.store.classes.create(name).id for name in ("cat", "dog"))
    keys = first.store.samples.ids()
    first.answer("ann", [label(keys[0], cat), label(keys[1], dog)])
    until(lambda: first.status().seen == 2 and first.worker.state is State.IDLE)
    running = first.certifier.begin_accuracy(first.round, 0.5, 0.9)
    until(lambda: second.certifier.running == running)
    assert second.queue.next("tab", 1)[0].query == "certificate"


def test_a_look_that_finds_nothing_new_does_nothing(open_session: OpenSession) -> None:
    session = open_session()
    cat = session.store.classes.create("cat").id
    key = session.store.samples.ids()[0]
    session.answer("ann", [label(key, cat)])
    session.worker.wait()

    def seen() -> tuple[int, object, object]:
        """What changes when boards are told, a round is made, and the pool is read again."""
        session.worker.wait()
        return session.notifier.version, session.round, session.current.sample_index

    known, before = session.current.last_answer, seen()
    alone = News(through=known, rounds=True, rules=False, pool=False)  # only its own round
    assert not session.peers.take_in(alone) and seen() == before
    (last,) = session.store.answers.append("bob", [label(key, cat, "b")])  # as another would
    assert session.peers.take_in(News(through=last, rounds=False, rules=False, pool=False))
    after = seen()
    assert after[0] > before[0] and after[1] is not before[1] and after[2] is before[2]
    assert session.peers.take_in(News(through=last, rounds=False, rules=False, pool=True))
    assert seen()[2] is not after[2]
