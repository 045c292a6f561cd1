"""Cards: what a browser gets to know of a sample, and what it must not."""

import numpy as np
import pytest

from labeling.answers.sample_index import SampleIndex
from labeling.learning.round import compute
from labeling.learning.snapshot import Policy, Round, Snapshot
from labeling.learning.table import make_table
from labeling.loop.cards import REASONS, Card, make_cards
from labeling.store import Offer, Sample
from models.queries import QUERIES

IDS = [f"{number:064x}" for number in range(12)]


@pytest.fixture(scope="module")
def round_() -> Round:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(12, 6)).astype(np.float16)
    table = make_table(SampleIndex.of(IDS), np.arange(12), embeddings)
    rows, labels = np.arange(4), np.array([7, 3, 7, 3])
    snapshot = Snapshot(table, rows, labels, np.zeros(4, dtype=bool), rows, 4)
    return compute(snapshot, Policy(query="margin", audit_share=0.0), rng, round_id=5)


def make_card(offer: Offer, sample: Sample, round_: Round | None) -> Card:
    (card,) = make_cards([offer], {offer.sample_id: sample}, round_)
    return card


def sample(row: int, *paths: str) -> Sample:
    return Sample(IDS[row], paths)


def test_a_card_shows_probabilities_by_class_id_largest_first(round_: Round) -> None:
    card = make_card(round_.offer(IDS[5], "margin"), sample(5, "a.png", "b.png"), round_)
    assert (card.name, card.copies, card.round_id) == ("a.png", 2, 5)
    assert set(card.probabilities) == {3, 7}
    shown = list(card.probabilities.values())
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) == pytest.approx(1, abs=1e-3)


def test_neighbours_are_labeled_samples_with_their_classes(round_: Round) -> None:
    card = make_card(round_.offer(IDS[5], "margin"), sample(5, "a.png"), round_)
    assert len(card.neighbours) == 3
    assert {(key, class_id) for key, class_id in card.neighbours} <= {
        (IDS[row], class_id) for row, class_id in enumerate(round_.snapshot.labels.tolist())
    }


def test_a_blind_card_tells_nothing_of_what_the_model_thinks(round_: Round) -> None:
    offer = round_.offer(IDS[5], "audit", shown=False)
    assert offer.predicted_class in (3, 7)  # stored with the answer, not sent to the browser
    card = make_card(offer, sample(5, "a.png"), round_)
    assert (card.probabilities, card.neighbours) == ({}, [])
    assert "blind" in card.reason


@pytest.mark.parametrize("with_round", [True, False])
def test_a_sample_that_is_not_scored_yet_has_a_card_too(round_: Round, with_round: bool) -> None:
    offer = Offer("f" * 64, "unscored")
    card = make_card(offer, Sample("f" * 64, ()), round_ if with_round else None)
    assert (card.probabilities, card.round_id, card.copies) == ({}, None, 0)
    assert card.name == "f" * 12


@pytest.mark.parametrize("query", [*QUERIES, *REASONS])
def test_every_sample_is_shown_for_a_reason_in_words(query: str) -> None:
    card = make_card(Offer(IDS[5], query), sample(5, "a.png"), None)
    assert " " in card.reason and card.reason != query


def test_what_is_shown_without_a_query_has_its_reason_too() -> None:
    assert {"audit", "grid", "skipped", "unscored", "again"} <= set(REASONS)


def test_the_score_of_a_query_is_put_into_words(round_: Round) -> None:
    offer = round_.offer(IDS[5], "margin", score=0.75)
    assert make_card(offer, sample(5, "a.png"), round_).measure == (
        "their chances are 25 points apart"
    )
    cold = Offer(IDS[5], "max_herding", score=0.034)
    assert "3% more of the whole" in make_card(cold, sample(5, "a.png"), None).measure


@pytest.mark.parametrize("score", [None, float("nan")])
def test_a_score_that_means_nothing_is_not_shown(round_: Round, score: float | None) -> None:
    offer = round_.offer(IDS[5], "margin", score=score)
    assert make_card(offer, sample(5, "a.png"), round_).measure == ""
    audit = round_.offer(IDS[5], "margin", score=0.5, shown=False)
    assert make_card(audit, sample(5, "a.png"), round_).measure == ""


def test_cards_made_together_are_those_made_alone(round_: Round) -> None:
    offers = [round_.offer(IDS[row], "margin") for row in (5, 1, 8)]
    offers += [round_.offer(IDS[9], "audit", shown=False), Offer("f" * 64, "unscored")]
    samples = {offer.sample_id: Sample(offer.sample_id, ("a.png",)) for offer in offers}
    alone = [make_card(offer, samples[offer.sample_id], round_) for offer in offers]
    assert make_cards(offers, samples, round_) == alone
