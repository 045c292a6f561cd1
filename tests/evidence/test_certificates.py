"""Certificates through a real session: drawn blind, proven, accepted, taken back."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from labeling.errors import HoneError
from labeling.evidence.certificates import CERTIFICATE
from labeling.loop.decisions import accept, take_back
from labeling.loop.session import Session
from labeling.store import NewAnswer, leases
from models.evidence.acceptance import Proposal

OpenSession = Callable[..., Session]


def kinds(session: Session) -> dict[str, str]:
    """The true kind of each picture: even numbers are warm, odd ones cold."""
    samples = session.store.samples.many()
    return {
        key: "warm" if int(sample.paths[0].strip("img.pn")) % 2 == 0 else "cold"
        for key, sample in samples.items()
    }


class Labeler:
    """Answers with the truth, unless told otherwise."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.truth = kinds(session)
        self.classes = {name: session.store.classes.ensure(name).id for name in ("cold", "warm")}
        self.given = 0

    def label(self, count: int, wrong: bool = False) -> list[str]:
        """Label the next cards; the queries that they were picked by."""
        queries = []
        for _ in range(count):
            card = self.session.queue.next("tab", 1)[0]
            name = self.truth[card.sample_id]
            if wrong:
                name = "cold" if name == "warm" else "warm"
            self.given += 1
            answer = NewAnswer(f"a{self.given}", card.sample_id, "label", self.classes[name])
            assert self.session.answer("ann", [answer]) == {}
            queries.append(card.query)
        self.session.worker.wait()
        return queries


@pytest.fixture
def labeler(open_session: OpenSession) -> Labeler:
    one = Labeler(open_session(audit_share=0.0))
    one.label(6)
    return one


def everything(session: Session, error: float = 0.001) -> Proposal:
    assert session.round is not None
    return Proposal(np.arange(len(session.certifier.open_rows(session.round))), error)


def test_draws_are_shown_first_blind_and_with_the_frozen_heads_guess(labeler: Labeler) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accuracy(session.round, 0.5, 0.95)
    cards = session.queue.next("tab", 3)
    draws = session.certifier.draws(certificate)
    assert [card.sample_id for card in cards] == [draw.sample_id for draw in draws[:3]]
    assert all(card.query == CERTIFICATE and not card.probabilities for card in cards)
    labeler.label(1)
    answer = session.labels()[draws[0].sample_id]
    assert (answer.query, answer.shown) == (CERTIFICATE, False)
    assert answer.predicted_class == draws[0].predicted_class
    assert answer.round_id == certificate.round_id


def test_a_good_head_is_certified_and_labeling_goes_on(labeler: Labeler) -> None:
    session = labeler.session
    session.certifier.begin_accuracy(session.round, 0.6, 0.95)
    queries = labeler.label(20)
    ended = session.store.certificates.all()[-1]
    assert ended.end == "proven"
    assert ended.result["value"] >= 0.6
    assert ended.result["drawn"] == queries.count(CERTIFICATE) < 20
    assert queries[-1] != CERTIFICATE
    assert session.certifier.running is None


def test_wrong_guesses_prove_nothing_and_the_next_try_must_prove_more(labeler: Labeler) -> None:
    session = labeler.session
    first = session.certifier.begin_accuracy(session.round, 0.9, 0.95)
    with pytest.raises(HoneError, match="is running"):
        session.certifier.begin_accuracy(session.round, 0.5, 0.9)
    labeler.label(4, wrong=True)
    session.certifier.give_up()
    assert session.store.certificates.all()[-1].end == "abandoned"
    labels = session.status().labels
    session.queue.next("tab", 1)
    second = session.certifier.begin_accuracy(session.round, 0.9, 0.95)
    assert labels == 10
    assert first.alpha == 0.04
    assert second.alpha < 0.01


def test_draws_from_the_surest_pre_labels_are_no_sample_of_the_pool(labeler: Labeler) -> None:
    session = labeler.session

    def uniform() -> set[str]:
        evidence = session.figures.evidence()
        assert evidence is not None
        return {key for key, one in zip(evidence.ids, evidence.uniform, strict=True) if one}

    before = uniform()
    session.certifier.begin_accuracy(session.round, 0.99, 0.95)
    assert labeler.label(3) == [CERTIFICATE] * 3
    session.certifier.give_up()
    of_the_pool = uniform()
    assert len(of_the_pool - before) == 3
    session.certifier.begin_accept(session.round, everything(session), 0.05)
    assert labeler.label(3) == [CERTIFICATE] * 3
    assert uniform() == of_the_pool


def test_a_skipped_draw_counts_as_wrong(labeler: Labeler) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accuracy(session.round, 0.9, 0.95)
    card = session.queue.next("tab", 1)[0]
    session.answer("ann", [NewAnswer("s", card.sample_id, "skip")])
    standing = session.certifier.standing(certificate)
    assert (standing.drawn, standing.right) == (1, 0)


def test_a_draw_that_an_idle_browser_holds_stops_no_proof(
    labeler: Labeler, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accuracy(session.round, 0.9, 0.95)
    first, second = session.certifier.draws(certificate)[:2]
    assert session.queue.next("left open", 1)[0].sample_id == first.sample_id
    assert session.queue.next("tab", 1)[0].sample_id == second.sample_id
    labeler.label(1)
    assert session.certifier.standing(certificate).drawn == 0
    assert session.certifier.ahead(certificate) == 1
    before = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: before + leases.IDLE_SECONDS + 1)
    card = session.queue.next("tab", 1)[0]
    assert (card.sample_id, card.query) == (first.sample_id, CERTIFICATE)
    labeler.label(1)
    assert session.certifier.standing(certificate).drawn == 2
    assert session.certifier.ahead(certificate) == 0


def test_what_an_idle_browser_holds_is_taken_over_for_a_proof_only(
    labeler: Labeler, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = labeler.session
    held = {card.sample_id for card in session.queue.next("left open", 5)}
    before = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: before + leases.IDLE_SECONDS + 1)
    assert held.isdisjoint(card.sample_id for card in session.queue.next("tab", 40))
    certificate = session.certifier.begin_accuracy(session.round, 0.9, 0.95)
    cards = session.queue.next("tab", 40)
    draws = session.certifier.draws(certificate)
    assert [card.sample_id for card in cards] == [draw.sample_id for draw in draws]
    assert held < {draw.sample_id for draw in draws}


def test_a_running_certificate_survives_a_restart(
    labeler: Labeler, open_session: OpenSession
) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accuracy(session.round, 0.95, 0.95)
    labeler.label(2)
    session.close()
    again = open_session()
    assert again.certifier.running == certificate
    assert again.certifier.standing(certificate).drawn == 2
    assert again.queue.next("tab", 1)[0].query == CERTIFICATE


def test_accepted_pre_labels_teach_nothing_and_go_back_in_one_action(labeler: Labeler) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accept(session.round, everything(session), 0.3)
    labeler.label(14)
    proven = session.store.certificates.all()[-1]
    assert proven.end == "proven"
    by_hand = session.status().labels
    done = accept(session, proven, "ann")
    session.worker.wait()
    assert done == 40 - by_hand
    assert session.status().labels == 40
    given = [a for a in session.labels().values() if a.certificate_id == certificate.id]
    assert len(given) == done
    assert {a.source for a in given} == {"accepted"}
    assert all(a.predicted_class == a.class_id and not a.shown for a in given)
    assert session.round is not None and len(session.round.snapshot.labels) == by_hand
    # A person's word counts more than the certificate's, and stays.
    changed = given[0].sample_id
    session.answer("ann", [NewAnswer("fix", changed, "label", labeler.classes["cold"])])
    accepted = session.store.certificates.all()[-1]
    assert take_back(session, accepted, "ann") == done
    assert session.status().labels == by_hand + 1
    assert session.labels()[changed].source == "human"
    with pytest.raises(HoneError, match="taken back already"):
        take_back(session, session.store.certificates.all()[-1], "ann")


def test_nothing_is_accepted_without_proof(labeler: Labeler) -> None:
    session = labeler.session
    certificate = session.certifier.begin_accept(session.round, everything(session), 0.02)
    labeler.label(1)
    with pytest.raises(HoneError, match="Only a proven certificate"):
        accept(session, certificate, "ann")


def test_a_set_that_is_too_small_is_refused(labeler: Labeler) -> None:
    session = labeler.session
    few = Proposal(np.arange(5), 0.0)
    with pytest.raises(HoneError, match="Only 5 pre-labels are sure enough"):
        session.certifier.begin_accept(session.round, few, 0.02)
