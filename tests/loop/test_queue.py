"""The queue: what comes next, held by one holder each, whatever goes on beside it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labeling.evidence.error_rate import EVERY_GUESS, Cut
from labeling.loop.session import Session
from labeling.project.project import open_project
from models.encoders.backbones import Backbone
from models.encoders.preprocess import Framing
from tests.conftest import OpenSession, fill
from tests.loop.labeling import answer, classes_of, either_database, ids, label_all_but, undo


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


def test_a_cut_divides_the_guesses_of_each_class_and_their_counts(
    open_session: OpenSession,
) -> None:
    session = open_session()
    label_all_but(session, 24)
    round_ = session.learner.round
    assert round_ is not None and round_.scores is not None
    middle = float(np.median(round_.scores.first[round_.table.open_rows(session.current)]))
    sure, unsure = Cut(middle), Cut(below=middle)
    every, above, below = (
        session.queue.predicted_counts(cut) for cut in (EVERY_GUESS, sure, unsure)
    )
    assert sum(above.values()) == sum(below.values()) == 12
    assert Counter(above) + Counter(below) == Counter(every)
    for class_id in every:
        for cut, counts in ((sure, above), (unsure, below)):
            cards = session.queue.page(f"{class_id}{cut}", class_id, 100, cut=cut)
            found = np.array([card.probabilities[class_id] for card in cards])
            assert len(found) == counts.get(class_id, 0)
            assert Cut(cut.least - 1e-4, cut.below + 1e-4).holds(found).all()


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
