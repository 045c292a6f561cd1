"""The accuracy at a glance: measured seldom, kept over a restart, the same as everywhere else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from labeling.evidence.gathering import pool_accuracy, until_checked
from labeling.evidence.glance import MEASURED, MOST, Glance, Glancer, Measure
from labeling.loop.session import Session
from labeling.store import NewAnswer
from tests.conftest import OpenSession


class Clock:
    """A clock that a test moves, and that goes on by itself while something is measured."""

    def __init__(self, cost: float = 1.0) -> None:
        self.now, self.cost = 0.0, cost

    def __call__(self) -> float:
        self.now += self.cost
        return self.now


def skip_one(session: Session) -> None:
    (card,) = session.queue.next("tab", 1)
    session.answer("ann", [NewAnswer(f"s{card.sample_id}", card.sample_id, "skip")])
    session.worker.wait()


def test_the_glance_has_the_same_figure_as_every_other_screen(session: Session) -> None:
    glance, evidence = session.glancer.look(), session.figures.evidence()
    assert glance is not None and evidence is not None
    found = pool_accuracy(evidence)
    assert found is not None and glance.accuracy is not None
    assert glance.accuracy.labels == 32
    assert glance.accuracy.value == pytest.approx(found.value, abs=1e-4)
    assert (glance.accuracy.low, glance.accuracy.high) == pytest.approx(
        (found.low, found.high), abs=1e-4
    )
    assert glance.points == (glance.accuracy,)
    assert (glance.left, glance.labels_left, glance.is_newest) == (8, None, True)


def test_before_ten_blind_checks_the_glance_says_how_many_labels_are_missing(
    open_session: OpenSession,
) -> None:
    session = open_session(audit_share=0.2)
    assert session.glancer.look() is None  # without a model
    classes = [session.store.classes.ensure(name).id for name in ("warm", "cold")]
    for number, card in enumerate(session.queue.next("tab", 4)):
        session.answer(
            "ann", [NewAnswer(f"a{number}", card.sample_id, "label", classes[number % 2])]
        )
    session.worker.wait()
    glance = Glancer(session.project, session.figures).look()
    assert glance is not None and glance.accuracy is None and glance.points == ()
    assert glance.checks < glance.needed == 10
    assert glance.labels_left == (10 - glance.checks) * 5
    session.change(audit_share=0.0)
    unmeasured = Glancer(session.project, session.figures).look()
    assert unmeasured is not None and unmeasured.labels_left is None
    assert until_checked(10, 10, 0.1) == 10  # near-duplicates count once: at least one is missing


def test_measuring_rests_nine_times_as_long_as_it_took(session: Session) -> None:
    clock = Clock()
    glancer = Glancer(session.project, session.figures, clock)
    first = glancer.look()  # from 1 to 2: the next one is due at 11
    assert first is not None and first.is_newest
    skip_one(session)
    clock.now = 8.0
    assert glancer.look() == replace(first, is_newest=False)
    clock.now = 11.0
    again = glancer.look()
    assert again is not None and again.is_newest and again.left == first.left - 1


def test_the_measured_points_are_there_after_a_restart_and_go_back_with_an_undo(
    session: Session,
) -> None:
    file = session.project.folder / MEASURED
    old = [Measure(12, 0.4, 0.2, 0.6), Measure(20, 0.5, 0.3, 0.7), Measure(60, 0.9, 0.8, 1.0)]
    file.write_text(json.dumps([vars(one) for one in old]))
    glance = Glancer(session.project, session.figures).look()
    assert glance is not None and glance.accuracy is not None
    assert glance.points == (*old[:2], glance.accuracy)  # nobody has 60 labels any more
    again = Glancer(session.project, session.figures).look()
    assert again is not None and again.points == glance.points


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"labels": 3}]', "null"])
def test_a_damaged_file_of_points_is_begun_again(session: Session, content: str) -> None:
    (session.project.folder / MEASURED).write_text(content)
    glance = Glancer(session.project, session.figures).look()
    assert glance is not None and len(glance.points) == 1


def test_a_long_session_keeps_a_bounded_number_of_points(session: Session) -> None:
    many = [Measure(number // 10, number / 700, 0.0, 1.0) for number in range(MOST)]
    file = session.project.folder / MEASURED
    file.write_text(json.dumps([vars(one) for one in many]))
    glance = Glancer(session.project, session.figures).look()
    assert glance is not None and len(glance.points) == MOST // 2 + 1
    assert glance.points[0] == many[0]


def test_points_that_cannot_be_written_are_still_shown(session: Session, tmp_path: Path) -> None:
    (session.project.folder / MEASURED).mkdir()
    glance = Glancer(session.project, session.figures).look()
    assert isinstance(glance, Glance) and len(glance.points) == 1
