"""Figures, review and report through a real session."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from labeling.errors import HoneError
from labeling.evidence.confusion import confusion
from labeling.evidence.gathering import pool_accuracy
from labeling.evidence.heat_map import evidence_picture
from labeling.evidence.planning import acceptable, certificate_length, effort
from labeling.evidence.suspects import alike, confirmed
from labeling.evidence.transfer import transfer
from labeling.loop.decisions import decide
from labeling.loop.session import Session
from labeling.report.html import report
from labeling.store import NewAnswer

OpenSession = Callable[..., Session]


def kind(session: Session, sample_id: str) -> str:
    sample = session.store.samples.get(sample_id)
    assert sample is not None
    return "warm" if int(re.sub(r"\D", "", sample.paths[0])) % 2 == 0 else "cold"


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    """32 labels of 40 pictures by weighted draws; the tenth and the twentieth are wrong."""
    opened = open_session(query="power_margin", audit_share=0.2)
    classes = {name: opened.store.classes.ensure(name).id for name in ("cold", "warm")}
    for number in range(32):
        card = opened.queue.next("tab", 1)[0]
        name = kind(opened, card.sample_id)
        if number in (9, 19):
            name = "cold" if name == "warm" else "warm"
        answer = NewAnswer(f"a{number}", card.sample_id, "label", classes[name], seconds=1.0)
        assert opened.answer("ann", [answer]) == {}
        opened.worker.wait()  # how many are blind checks must not depend on the speed
    return opened


def wrong(session: Session) -> set[str]:
    answers = session.store.answers.all()
    return {answers[9].sample_id, answers[19].sample_id}


def test_every_figure_rests_on_labels_that_the_head_has_not_seen(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None and session.figures.evidence() is evidence
    assert len(evidence.rows) == 32 and len(evidence.open_rows) == 8
    assert 1 <= evidence.uniform.sum() <= 16
    missed = {key for key, hit in zip(evidence.ids, evidence.hits, strict=True) if not hit}
    assert wrong(session) <= missed
    found = pool_accuracy(evidence)
    assert found is not None
    assert found.low < found.value <= 1.0
    cells = confusion(evidence, uniform=False)
    assert sum(len(cell.sample_ids) for cell in cells) == 32


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
    decide(session, "ann", first.sample_id, first.predicted)
    decide(session, "ann", second.sample_id, second.given)
    # On what was known before, too: a round may take its time.
    assert not wrong(session) & {one.sample_id for one in session.figures.suspects(evidence)}
    session.worker.wait()
    assert session.labels()[first.sample_id].class_id == first.predicted
    assert confirmed(session.store.answers.standing()) == {second.sample_id}
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
    truly, as_labeled = alike(session.round, evidence, first)
    assert (truly.class_id, as_labeled.class_id) == (first.predicted, first.given)
    assert truly.chance > as_labeled.chance
    for one in (truly, as_labeled):
        assert len(one.samples) == 4
        assert {labels[key] for key, _ in one.samples} == {one.class_id}
        assert first.sample_id not in dict(one.samples)
        similarity = [value for _, value in one.samples]
        assert similarity == sorted(similarity, reverse=True)
    assert truly.samples[0][1] > as_labeled.samples[0][1]


def test_the_report_is_one_file_without_a_link_or_a_script(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.store.classes.create("<script>alert(1)</script>")
    assert "<h2>Each class</h2>" not in report(session)  # before it can be meant
    monkeypatch.setattr("labeling.report.html.CHECKS", 1)
    text = report(session)
    for heading in ("Data", "Accuracy", "Each class", "Confusion", "Labeling", "Versions"):
        assert f"<h2>{heading}</h2>" in text
    assert "<script" not in text and "&lt;script&gt;" in text
    assert not re.search(r"(?:src|href)=|https?://|url\(", text)


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


def test_the_backbone_is_compared_with_pixels_and_random_weights(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    found = transfer(session.project, session.round, evidence, session.ingest.device)
    assert found is not None
    assert found.pixels.rows in (int(evidence.uniform.sum()), 32)
    assert 0.5 < found.pixels.ours <= 1.0
    assert np.isfinite(found.random.gain.mean)


def test_why_shows_what_the_backbone_sees(session: Session) -> None:
    key, warm = next(iter(session.labels())), session.store.classes.ensure("warm").id
    shown = Image.open(
        io.BytesIO(
            evidence_picture(session.project, session.round, session.ingest.device, key, warm)
        )
    )
    assert shown.size == (300, 300)
    with pytest.raises(HoneError, match="does not know that class"):
        evidence_picture(session.project, session.round, session.ingest.device, key, 99)


def test_where_features_are_no_mean_of_cells_why_says_so(session: Session) -> None:
    key, warm = next(iter(session.labels())), session.store.classes.ensure("warm").id
    session.project.change(backbone="bundled", features="block-2+pooled")
    with pytest.raises(HoneError, match="does not average a feature map"):
        evidence_picture(session.project, session.round, session.ingest.device, key, warm)
