"""Trials: another backbone beside the present one, on real images, while labeling goes on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from timm.models import save_for_hf

from labeling.embedding import feed
from labeling.evidence import trials as module
from labeling.evidence.trials import Trials, called
from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import Certificate, NewAnswer, Offer
from labeling.workspace import Workspace
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import Backbone, resolve
from tests.conftest import POOL_SIZE, OpenSession


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    save_for_hf(timm.create_model("test_resnet"), str(folder), safe_serialization=True)
    return str(folder)


@pytest.fixture
def opened(open_session: OpenSession) -> Iterator[tuple[Trials, object]]:
    session = open_session()
    trials = Trials(session.project, session.ingest, session.current)
    yield trials, session
    trials.stop()


def answer(session: object, count: int, query: str = "margin") -> None:
    """Label `count` images by their kind, warm or cold, as blind checks or not."""
    store = session.store  # type: ignore[attr-defined]
    warm, cold = store.classes.ensure("warm").id, store.classes.ensure("cold").id
    samples = store.samples.many()
    for key in store.samples.ids()[:count]:
        number = int("".join(filter(str.isdigit, Path(samples[key].paths[0]).stem)))
        class_id = warm if number % 2 == 0 else cold
        store.leases.claim("tab", [Offer(key, query)], 1, [])  # as shown, so that it is recorded
        given = NewAnswer(f"c{key}", key, "label", class_id)
        session.answer("me", [given])  # type: ignore[attr-defined]


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def test_a_sample_is_embedded_with_the_labeled_first_and_compared(
    opened: tuple[Trials, object], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAMPLE", 30)
    trials, session = opened
    answer(session, 24)
    before = dict(session.labels())  # type: ignore[attr-defined]
    trials.request(weights, "block-2")
    trials.wait(60)
    (trial,) = trials.all()
    assert (trial.stage, trial.done, trial.total, trial.whole) == ("done", 30, 30, False)
    assert trial.name == f"{weights} (block-2)" and trial.rate > 0
    compared = trials.compare()
    assert compared is not None and compared.labels == 24 and not compared.audits_only
    assert {one.name for one in compared.standings} == {"bundled", trial.name}
    assert session.labels() == before  # type: ignore[attr-defined]


def test_blind_checks_alone_are_compared_on_once_there_are_enough(
    opened: tuple[Trials, object], weights: str
) -> None:
    trials, session = opened
    answer(session, 32, query="audit")
    trials.request(weights)
    trials.wait(60)
    compared = trials.compare()
    assert compared is not None and compared.audits_only and compared.labels == 32


def test_labels_that_were_accepted_unseen_do_not_compare_backbones(
    opened: tuple[Trials, object], weights: str
) -> None:
    trials, session = opened
    answer(session, 12)
    session.worker.wait()  # type: ignore[attr-defined]
    store = session.store  # type: ignore[attr-defined]
    store.certificates.add(Certificate(1, 0.0, "accept", 1, 20, 0.1, 0.05, {}), [])
    warm = store.classes.ensure("warm").id
    given = [
        NewAnswer(f"a{key}", key, "label", warm, source="accepted", certificate_id=1)
        for key in store.samples.ids()[12:30]
    ]
    assert session.answer("me", given) == {}  # type: ignore[attr-defined]
    trials.request(weights)
    trials.wait(60)
    compared = trials.compare()
    assert compared is not None and compared.labels == 12


def test_without_labels_there_is_nothing_to_compare(
    opened: tuple[Trials, object], weights: str
) -> None:
    trials, _ = opened
    assert trials.compare() is None
    trials.request(weights)
    trials.wait(60)
    assert trials.all()[0].stage == "done" and trials.compare() is None


def test_one_that_cannot_be_had_says_why_and_the_next_goes_on(
    opened: tuple[Trials, object], weights: str
) -> None:
    trials, _ = opened
    trials.request("convnext_tiny")
    trials.request("resnt18")
    trials.request(weights, "cls")
    trials.request(weights)
    trials.wait(60)
    hub, wrong, features, good = trials.all()
    assert hub.stage == wrong.stage == features.stage == "failed" and good.stage == "done"
    assert "switched off" in hub.error and "not in the local cache" in hub.error
    assert "bundled" not in hub.error  # it is not what was asked for
    assert "did you mean resnet18" in wrong.error and "has no features 'cls'" in features.error


def test_labels_that_came_later_are_embedded_when_it_is_asked_for_again(
    opened: tuple[Trials, object], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAMPLE", 10)
    trials, session = opened
    trials.request(weights)
    trials.wait(60)
    answer(session, 10)
    trials.request(weights)
    trials.wait(60)
    compared = trials.compare()
    assert compared is not None and compared.labels == 10
    assert len(trials.all()) == 1
    trials.forget(weights)
    assert trials.all() == [] and trials.compare() is None


def test_switching_keeps_every_label_and_both_embeddings(
    pool: Path, weights: str, tmp_path: Path, embedded: tuple[Path, str]
) -> None:
    workspace = Workspace()
    project = open_project(pool, tmp_path / "p")
    project.change(backbone="bundled", next_backbone=weights)  # begun before a restart
    project.close()
    session = workspace.open(pool, tmp_path / "p")
    session.ingest.look()  # or it would wait for somebody to have the first images
    session.ingest.wait(60)
    answer(session, 8)
    trials = workspace.trials(session)
    trials.wait(60)
    (trial,) = trials.all()
    assert (trial.stage, trial.whole, trial.done) == ("done", True, POOL_SIZE)
    assert session.ingest.cache is not None
    assert session.ingest.cache.fingerprint == embedded[1]  # labeling went on with the old one
    labels = session.labels()
    session.project.change(backbone=weights, next_backbone=None)
    again = workspace.reopen(session)
    again.ingest.look()
    again.ingest.wait(60)
    assert again.worker.wait(60)
    assert again.labels() == labels and len(labels) == 8
    assert again.ingest.state.done == POOL_SIZE and again.ingest.cache is not None
    assert again.ingest.cache.fingerprint.startswith("test_resnet-")
    assert again.round is not None and again.round.head is not None
    old = EmbeddingCache(again.project.embeddings, embedded[1], 1280)
    assert len(old) == POOL_SIZE
    workspace.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_what_another_process_embeds_is_waited_for_and_taken_over(
    opened: tuple[Trials, object], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "TURN", 0.05)
    trials, session = opened
    backbone, embeddings = resolve(weights), session.project.embeddings  # type: ignore[attr-defined]
    keys = session.store.samples.ids()  # type: ignore[attr-defined]
    rows = np.ones((len(keys), backbone.dim))
    with EmbeddingCache(embeddings, backbone.fingerprint, backbone.dim) as theirs:
        theirs.append(keys[:10], rows[:10])
        trials.request(weights, whole=True)
        until(lambda: trials.all()[0].note == feed.ELSEWHERE)
        assert trials.all()[0].stage == "waiting"
        theirs.append(keys[10:20], rows[10:20])
    trials.wait(60)
    (trial,) = trials.all()
    assert (trial.stage, trial.done, trial.note) == ("done", POOL_SIZE, backbone.why)
    ours = EmbeddingCache(embeddings, backbone.fingerprint, backbone.dim)
    assert len(ours) == POOL_SIZE and (ours.matrix()[:20] == 1).all()
    assert not (ours.matrix()[20:] == 1).all(axis=1).any()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_the_pool_itself_waits_for_a_trial_of_another_process(
    pool: Path, tmp_path: Path, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "TURN", 0.05)
    with closing(Session(open_project(pool, tmp_path / "p"), backbone)) as session:
        with EmbeddingCache(
            session.project.embeddings, backbone.fingerprint, backbone.dim
        ) as theirs:
            theirs.claim()
            session.start()
            until(lambda: session.ingest.state.why == feed.ELSEWHERE)
            assert session.ingest.busy
        until(lambda: session.ingest.state.stage == "done")
        assert session.ingest.state.why == backbone.why
        theirs.claim()  # what is whole is held by nobody: others may be on trial with it
        theirs.close()


def test_a_name_says_the_features_where_they_are_not_the_usual_ones() -> None:
    assert called(None, "pooled") == "bundled"
    assert called("dinov2_small", "cls+mean") == "dinov2_small (cls+mean)"
