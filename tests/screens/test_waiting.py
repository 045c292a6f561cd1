"""Why there are no figures yet: in words that tell what goes on, or what to do."""

from collections.abc import Callable
from dataclasses import replace

from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.screens.waiting import missing, until_checked
from labeling.store import NewAnswer

OpenSession = Callable[..., Session]


def test_a_figure_that_needs_blind_checks_says_how_many_labels_they_take(
    open_session: OpenSession,
) -> None:
    session = open_session(audit_share=0.2)
    assert "some 30 more labels" in until_checked(session, 4, 10)
    session.change(audit_share=0.0)
    assert "switched off" in until_checked(session, 4, 10)


def test_without_a_model_it_is_said_whether_to_label_or_to_wait(open_session: OpenSession) -> None:
    session = open_session()
    assert "Label a few images of two classes" in missing(session).text
    for number, card in enumerate(session.queue.next("tab", 4)):
        class_id = session.store.classes.ensure(("warm", "cold")[number % 2]).id
        session.answer("ann", [NewAnswer(f"a{number}", card.sample_id, "label", class_id)])
    session.worker.wait()
    assert session.figures.evidence() is not None
    session.close()

    again = Session(open_project(session.project.source.location, session.project.folder))
    assert again.figures.evidence() is None  # its backbone is not there yet, its labels are
    for stage, words in (
        ("scanning", "looking through your files"),
        ("loading", "loading the pretrained model"),
        ("embedding", "prepared: 30 of 40 are"),
        ("done", "learning from them"),
    ):
        again.ingest.state = replace(again.ingest.state, stage=stage, done=30, total=40)
        told = missing(again)
        assert words in told.text and "4 images labeled" in told.text
        assert told.passes and not told.error
    again.ingest.state = replace(again.ingest.state, stage="failed", error="the disk is full")
    assert missing(again).error and "the disk is full" in missing(again).text
    again.close()
