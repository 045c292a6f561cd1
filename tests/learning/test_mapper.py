"""The mapper: a pool gets a map by itself, rounds take it over, and it follows the pool."""

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from labeling.loop.session import Session
from labeling.project.project import open_project
from models.encoders.backbones import Backbone
from models.space.map_file import load_map
from models.space.mapped import MAP, Mapped
from tests.conftest import OpenSession, fill
from tests.learning.test_learner import even, teach


def folder_of(session: Session) -> Path:
    assert session.ingest.cache is not None
    return session.project.embeddings / session.ingest.cache.fingerprint


def files_of(session: Session) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder_of(session).glob("map*")}


def digest_of(session: Session) -> str:
    """The map on which the newest round was learned, empty for the encoder's own features."""
    assert session.round is not None
    return session.round.basis.map_digest


def share_right(session: Session) -> float:
    round_ = session.round
    assert round_ is not None and round_.scores is not None
    names = session.store.classes.names()
    ids = [round_.table.id(row) for row in range(len(round_.table))]
    right = [
        (names[int(best)] == "warm") == even(session, key)
        for key, best in zip(ids, round_.scores.best, strict=True)
    ]
    return float(np.mean(right))


@pytest.fixture
def growing(tmp_path: Path, backbone: Backbone) -> Session:
    """A session on a pool of its own."""
    session = Session(open_project(fill(tmp_path / "pool", 24), tmp_path / "p"), backbone)
    session.project.change(pool_map="always")
    session.prepare()
    return session


def more(session: Session, count: int) -> None:
    """Add images to the pool."""
    known = session.store.samples.count()
    fill(Path(session.project.source.location), count, first=known)
    session.ingest.run()
    session.mapper.run()
    session.worker.request()
    session.worker.wait()


def test_a_round_learns_on_the_map_where_that_is_chosen(open_session: OpenSession) -> None:
    session = open_session(pool_map="always")
    teach(session, 8)
    record = session.store.rounds.latest()
    assert record is not None and record.metrics["map"] == digest_of(session) != ""
    assert session.learner.on_map_since() == session.store.rounds.all()[0]
    assert share_right(session) > 0.9
    card, *_ = session.queue.next("ann", 1)
    assert sum(card.probabilities.values()) == pytest.approx(1, abs=0.01)


def test_the_encoders_own_features_are_used_first_and_where_nothing_else_is_wanted(
    open_session: OpenSession, tmp_path: Path
) -> None:
    for choice in ("auto", "never"):
        session = open_session(tmp_path / choice, pool_map=choice)
        teach(session, 6)
        assert digest_of(session) == "" and session.learner.on_map_since() is None


def test_a_pool_that_wants_no_map_gets_none(tmp_path: Path, backbone: Backbone) -> None:
    project = open_project(fill(tmp_path / "pool", 24), tmp_path / "p")
    project.change(pool_map="never")
    with closing(Session(project, backbone)) as session:
        session.prepare()
        assert not (folder_of(session) / MAP).exists()


def test_a_restart_finds_the_map_and_the_head_on_it(open_session: OpenSession) -> None:
    session = open_session(pool_map="always")
    teach(session, 8)
    files, rounds, before = files_of(session), session.store.rounds.all(), session.round
    session.close()
    again = open_session()
    assert files_of(again) == files
    assert again.store.rounds.all() == rounds and digest_of(again) == rounds[-1].metrics["map"]
    assert before is not None and before.scores is not None
    assert again.round is not None and again.round.scores is not None
    np.testing.assert_array_equal(again.round.scores.first, before.scores.first)


def test_another_choice_counts_at_once(open_session: OpenSession) -> None:
    session = open_session(pool_map="always")
    teach(session, 6)
    session.change(pool_map="never")
    session.worker.wait()
    assert digest_of(session) == "" and session.learner.on_map_since() is None
    session.change(pool_map="always")
    session.worker.wait()
    assert digest_of(session) != ""
    since = session.learner.on_map_since()
    assert since is not None and since == session.store.rounds.all()[-1]
    session.change(pool_map="auto")
    session.worker.wait()
    assert digest_of(session) == ""


def test_a_restored_round_keeps_its_own_features(open_session: OpenSession) -> None:
    session = open_session(pool_map="always")
    teach(session, 6)
    on_map = session.store.rounds.latest()
    session.change(pool_map="never")
    teach(session, 8)
    assert on_map is not None and digest_of(session) == ""
    session.restore(on_map.id)
    session.worker.wait()
    assert session.worker.error is None and digest_of(session) == on_map.metrics["map"]


@pytest.mark.parametrize("lost", ["map.npz", "map-*.f16"])
def test_a_lost_map_is_learned_again(open_session: OpenSession, lost: str) -> None:
    session = open_session(pool_map="always")
    teach(session, 6)
    before = digest_of(session)
    session.close()
    for file in folder_of(session).glob(lost):
        file.unlink()
    again = open_session()
    teach(again, 8)
    assert digest_of(again) == before


def test_new_images_are_mapped_at_once_and_many_make_a_new_map(growing: Session) -> None:
    with closing(growing) as session:
        teach(session, 6)
        first = digest_of(session)
        more(session, 3)
        teach(session, 8)
        assert session.round is not None and len(session.round.table) == 27
        assert digest_of(session) == first
        more(session, 4)
        teach(session, 10)
        assert len(session.round.table) == 31
        assert digest_of(session) not in ("", first)
        names = set(files_of(session))
        assert names == {MAP, f"map-{digest_of(session)}.f16"}


def test_a_round_on_a_map_that_was_replaced_says_so(growing: Session) -> None:
    with closing(growing) as session:
        teach(session, 6)
        old = session.store.rounds.latest()
        assert old is not None
        more(session, 20)
        session.restore(old.id)
        session.worker.wait()
        assert "has replaced since" in str(session.worker.error)
        session.resume()
        session.worker.wait()
        assert session.worker.error is None


def test_rounds_go_on_without_a_map_and_the_reason_is_told(
    tmp_path: Path, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Mapped, "learn", fail)
    project = open_project(fill(tmp_path / "pool", 24), tmp_path / "p")
    project.change(pool_map="always")
    with closing(Session(project, backbone)) as session:
        session.prepare()
        teach(session, 6)
        assert digest_of(session) == "" and session.worker.error is None
        assert "the disk is full" in str(session.mapper.error)
        assert session.mapper.share is None


def test_another_process_reads_the_map_of_the_one_that_leads(open_session: OpenSession) -> None:
    leading = open_session(pool_map="always")
    teach(leading, 6)
    following = open_session()
    assert not following.peers.leads
    assert digest_of(following) == digest_of(leading) != ""
    assert following.mapper.error is None


def test_in_the_background_a_map_is_learned_while_people_label(
    tmp_path: Path, pool: Path, embedded: tuple[Path, str], backbone: Backbone
) -> None:
    place = tmp_path / "p"
    shutil.copytree(embedded[0], place / "embeddings")
    for file in place.glob("embeddings/*/map*"):
        file.unlink()
    project = open_project(pool, place)
    project.change(pool_map="always")
    with closing(Session(project, backbone)) as session:
        session.start()
        session.ingest.wait()
        session.mapper.wait()
        teach(session, 6)
        assert digest_of(session) != ""


def test_a_heat_map_explains_the_head_that_is_in_use(open_session: OpenSession) -> None:
    session = open_session(pool_map="always")
    teach(session, 12)
    round_ = session.round
    assert round_ is not None and round_.head is not None and round_.linear is not None
    assert round_.linear.width == round_.table.features.shape[1] != round_.head.width
    told = round_.head.predict_proba(round_.basis.features).argmax(axis=1)
    taught = round_.linear.predict_proba(round_.table.features).argmax(axis=1)
    assert np.mean(told == taught) > 0.9


def test_each_part_of_joined_features_has_a_space_of_its_own_also_after_a_restart(
    tmp_path: Path,
) -> None:
    project = open_project(fill(tmp_path / "pool", 24), tmp_path / "p")
    project.change(backbone="bundled", features="block-4+pooled", pool_map="always")
    with closing(Session(project)) as session:
        session.prepare()
        teach(session, 6)
        assert session.round is not None
        space, digest = session.round.table.space, digest_of(session)
        assert space.weights == (0.5, 1.0) and sum(space.widths) > space.widths[1] == 1280
        assert load_map(folder_of(session) / MAP).parts.widths == space.widths
        rounds = session.store.rounds.all()
    with closing(Session(open_project(tmp_path / "pool", tmp_path / "p"))) as again:
        again.start()
        again.ingest.wait()
        again.worker.wait(60)
        assert again.store.rounds.all() == rounds and digest_of(again) == digest
        assert again.round is not None and again.round.table.space.widths == space.widths
