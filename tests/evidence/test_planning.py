"""What is told of a pool on which the embeddings say nothing, through a whole session."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.evidence.gathering import Evidence, pool_accuracy
from labeling.evidence.planning import acceptable, certificate_length, effort
from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import NewAnswer
from labeling.store.certificates import ABANDONED
from models.encoders.backbones import Backbone

LABELS, POOL = 90, 180
CLASSES = ("ant", "bee", "cat")


class Hopeless:
    """A session on pictures of noise whose labels are drawn by lot, and who labels them."""

    def __init__(self, folder: Path, backbone: Backbone) -> None:
        rng = np.random.default_rng(0)
        (folder / "pool").mkdir()
        for number in range(POOL):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "pool" / f"{number}.png")
        project = open_project(folder / "pool", folder / "project")
        project.change(audit_share=0.3, query="random")
        self.session = Session(project, backbone)
        self.session.prepare()
        ids = [self.session.store.classes.ensure(name).id for name in CLASSES]
        keys = self.session.store.samples.ids()
        self.truth = dict(zip(keys, rng.choice(ids, len(keys)).tolist(), strict=True))
        self.given = 0

    def label(self, count: int) -> None:
        cards = self.session.queue.next("tab", count)
        answers = []
        for card in cards:
            self.given += 1
            truth = self.truth[card.sample_id]
            answers.append(NewAnswer(f"a{self.given}", card.sample_id, "label", truth))
        assert self.session.answer("ann", answers) == {}
        self.session.worker.wait()

    @property
    def evidence(self) -> Evidence:
        found = self.session.figures.evidence()
        assert found is not None
        return found


@pytest.fixture
def hopeless(tmp_path: Path, backbone: Backbone) -> Iterator[Hopeless]:
    one = Hopeless(tmp_path, backbone)
    for _ in range(LABELS // 15):
        one.label(15)
    yield one
    one.session.close()


def test_where_embeddings_say_nothing_no_accuracy_is_claimed_and_none_is_forecast(
    hopeless: Hopeless,
) -> None:
    session, evidence = hopeless.session, hopeless.evidence
    told = pool_accuracy(evidence)
    assert told is not None and told.low < 1 / len(CLASSES) < told.high < 0.7
    found = effort(session.store.answers.all(), evidence, session.figures.curve(evidence), 0.9)
    assert found is not None
    assert not found.forecast.reachable and not found.forecast.reached
    assert found.minutes is None


def test_where_embeddings_say_nothing_nothing_can_be_accepted_or_proven(
    hopeless: Hopeless,
) -> None:
    session, evidence = hopeless.session, hopeless.evidence
    offered = acceptable(session.certifier, session.round, evidence, 0.05)
    assert offered.length is None or offered.length.middle is None
    assert certificate_length(session.certifier, evidence, 0.6).chance < 0.05
    certificate = session.certifier.begin_accuracy(session.round, 0.6, 0.9)
    while session.certifier.running is not None:
        hopeless.label(15)
    ended = session.store.certificates.all()[-1]
    assert (ended.id, ended.end) == (certificate.id, ABANDONED)
    assert ended.result["value"] < 0.6


def test_what_a_certificate_and_an_acceptance_will_take_is_told_before(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    length = certificate_length(session.certifier, evidence, 0.5)
    assert length.chance > 0.5
    offered = acceptable(session.certifier, session.round, evidence, 0.2)
    assert len(offered.proposal.rows) <= 8 and offered.length is None  # too few are left
    curve = session.figures.curve(evidence)
    assert (
        effort(session.store.answers.all(), evidence, curve, 0.9) is None
    )  # hidden: too few labels
