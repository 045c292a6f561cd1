"""A round: fit, score, rank; the same snapshot and generator give the same round."""

from dataclasses import replace

import numpy as np
import pytest

from labeling.rounds import RANKED, Round, Snapshot, compute
from labeling.trainer import State
from models.queries import QUERIES
from models.space import Space

COUNT = 90


def make_snapshot(labels: dict[int, int] | None = None, count: int = COUNT) -> Snapshot:
    """Two clusters, positive as pooled features are: even rows on one side, odd on the other."""
    rng = np.random.default_rng(1)
    embeddings = np.abs(rng.normal(size=(count, 16))).astype(np.float32)
    embeddings[::2, 0] += 4
    space = Space.fit(embeddings)
    labels = {} if labels is None else labels
    ids = [f"{row:064x}" for row in range(count)]
    return Snapshot(ids, space, space.transform(embeddings), labels, frozenset(labels), len(labels))


def run(snapshot: Snapshot, **options: object) -> Round:
    settings: dict[str, object] = {"query": "margin", "audit_share": 0.1, "round_id": 3}
    rng = np.random.default_rng(0)
    return compute(snapshot, rng=rng, **(settings | options))  # type: ignore[arg-type]


LABELS = {row: 10 + row % 2 for row in range(12)}


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_ranks_open_samples_once_each_with_why(query: str) -> None:
    round_ = run(make_snapshot(LABELS), query=query)
    ranked = [offer.sample_id for offer in round_.ranking]
    assert 0 < len(ranked) <= RANKED
    assert len(set(ranked)) == len(ranked)
    assert not {round_.rows[key] for key in ranked} & set(LABELS)
    assert {offer.query for offer in round_.ranking} <= {query, "audit"}
    for offer in round_.ranking:
        assert offer.round_id == 3
        assert offer.score is not None
        row = round_.rows[offer.sample_id]
        assert round_.head is not None and round_.proba is not None
        assert offer.predicted_class == round_.head.classes[round_.proba[row].argmax()]
        assert offer.predicted_confidence == pytest.approx(float(round_.proba[row].max()))


def test_the_head_learns_the_two_clusters() -> None:
    round_ = run(make_snapshot(LABELS))
    assert round_.head is not None and round_.proba is not None
    predicted = round_.head.classes[round_.proba.argmax(axis=1)]
    assert (predicted == 10 + np.arange(COUNT) % 2).mean() > 0.9


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_snapshot_and_generator_give_the_same_round(query: str) -> None:
    first, second = (run(make_snapshot(LABELS), query=query) for _ in range(2))
    assert first.ranking == second.ranking
    assert first.proba is not None
    np.testing.assert_array_equal(first.proba, second.proba)


def test_the_order_in_which_labels_are_held_does_not_change_the_ranking() -> None:
    backwards = dict(reversed(LABELS.items()))
    assert [offer.sample_id for offer in run(make_snapshot(LABELS)).ranking] == [
        offer.sample_id for offer in run(make_snapshot(backwards)).ranking
    ]


@pytest.mark.parametrize("labels", [{}, {3: 10}, {3: 10, 4: 10}])
@pytest.mark.parametrize("query", QUERIES)
def test_without_two_classes_there_is_a_ranking_but_no_head(
    labels: dict[int, int], query: str
) -> None:
    round_ = run(make_snapshot(labels), query=query, audit_share=1.0)
    assert (round_.id, round_.head, round_.proba) == (None, None, None)
    assert round_.ranking
    for offer in round_.ranking:
        assert (offer.round_id, offer.predicted_class, offer.shown) == (None, None, False)
        assert offer.query in QUERIES  # the one that acted in its place
    assert round_.prediction(round_.ids[0]) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_audit_picks_is_as_asked_and_they_are_blind_and_uniform(share: float) -> None:
    snapshot = make_snapshot(LABELS)
    audits, shown = 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        round_ = compute(snapshot, rng=rng, query="margin", audit_share=share, round_id=1)
        ranking = round_.ranking
        # The first pick is never one that a position before it has taken.
        audits += ranking[0].query == "audit"
        shown += 1
        for offer in ranking:
            assert offer.shown == (offer.query != "audit")
            if offer.query == "audit":
                assert offer.acquisition_probability == pytest.approx(1 / (COUNT - len(LABELS)))
    assert abs(audits / shown - share) < 0.25


def test_a_frozen_head_is_used_as_it_is() -> None:
    frozen = run(make_snapshot(LABELS)).head
    stages: list[State] = []
    more = make_snapshot(LABELS | {40: 10, 41: 11, 42: 11})
    kept = run(more, frozen=(frozen, 7), report=stages.append)
    assert (kept.head, kept.seen) == (frozen, 7)
    assert stages == [State.SCORING]


@pytest.mark.parametrize("query", QUERIES)
def test_a_finished_pool_gives_a_round_without_a_ranking(query: str) -> None:
    labels = {row: 10 + row % 2 for row in range(20)}
    round_ = run(make_snapshot(labels, 20), query=query)
    assert round_.ranking == ()
    assert round_.head is not None


def test_skipped_rows_are_not_ranked_though_they_have_no_label() -> None:
    snapshot = replace(make_snapshot(LABELS), answered=frozenset(range(COUNT - 2)))
    rows = {run(snapshot).rows[offer.sample_id] for offer in run(snapshot).ranking}
    assert rows == {COUNT - 2, COUNT - 1}


def test_stages_are_reported_and_timed() -> None:
    stages: list[State] = []
    round_ = run(make_snapshot(LABELS), report=stages.append)
    assert stages == [State.FITTING, State.SCORING]
    assert set(round_.seconds) == {"fit", "score", "rank"}
