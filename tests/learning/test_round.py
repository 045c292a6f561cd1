"""A round: fit, score, rank; the same snapshot and generator give the same round."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from labeling.answers.sample_index import SampleIndex
from labeling.learning.basis import Basis
from labeling.learning.round import compute, sweep
from labeling.learning.snapshot import AUDIT, RANKED, Policy, Round, Snapshot
from labeling.learning.table import make_table
from labeling.learning.worker import State
from labeling.store import Offer
from models.head import Cancelled
from models.queries import QUERIES
from models.scoring import Scores

COUNT = 90


def make_snapshot(
    labels: dict[int, int] | None = None, count: int = COUNT, audits: Iterable[int] = ()
) -> Snapshot:
    """Two clusters, positive as pooled features are: even rows on one side, odd on the other."""
    rng = np.random.default_rng(1)
    embeddings = np.abs(rng.normal(size=(count, 16))).astype(np.float16)
    embeddings[::2, 0] += 4
    ids = [f"{row:064x}" for row in range(count)]
    table = make_table(SampleIndex.of(ids), np.arange(count), embeddings)
    rows = np.array(list(labels or {}), dtype=np.int64)
    classes = np.array(list((labels or {}).values()), dtype=np.int64)
    return Snapshot(table, rows, classes, np.isin(rows, list(audits)), rows, len(rows))


def run(
    snapshot: Snapshot, query: str = "margin", share: float = 0.1, seed: int = 0, **options: object
) -> Round:
    policy, rng = Policy(query=query, audit_share=share), np.random.default_rng(seed)
    return compute(snapshot, policy, rng, **({"round_id": 3} | options))  # type: ignore[arg-type]


def proba(round_: Round) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    assert round_.head is not None
    return round_.head.predict_proba(round_.table.features)


LABELS = {row: 10 + row % 2 for row in range(12)}


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_ranks_open_samples_once_each_with_why(query: str) -> None:
    round_ = run(make_snapshot(LABELS), query=query)
    ranked = [offer.sample_id for offer in round_.ranking]
    assert 0 < len(ranked) <= RANKED
    assert len(set(ranked)) == len(ranked)
    assert not {round_.table.row(key) for key in ranked} & set(LABELS)
    assert {offer.query for offer in round_.ranking} <= {query, AUDIT}
    for offer in round_.ranking:
        assert offer.round_id == 3
        assert offer.score is not None
        row = round_.table.row(offer.sample_id)
        assert row is not None and round_.scores is not None
        assert offer.predicted_class == round_.scores.best[row]
        assert offer.predicted_confidence == pytest.approx(
            float(round_.scores.first[row]), abs=1e-3
        )


def test_the_head_learns_the_two_clusters() -> None:
    round_ = run(make_snapshot(LABELS))
    assert round_.scores is not None
    assert (round_.scores.best == 10 + np.arange(COUNT) % 2).mean() > 0.9


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_snapshot_and_generator_give_the_same_round(query: str) -> None:
    first, second = (run(make_snapshot(LABELS), query=query) for _ in range(2))
    assert first.ranking == second.ranking
    np.testing.assert_array_equal(proba(first), proba(second))


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
    round_ = run(make_snapshot(labels), query=query, share=1.0)
    assert (round_.id, round_.head, round_.scores) == (None, None, None)
    assert round_.ranking
    for offer in round_.ranking:
        assert (offer.round_id, offer.predicted_class, offer.shown) == (None, None, False)
        assert offer.query in QUERIES  # the one that acted in its place
    assert round_.offer(round_.table.id(0), "grid").predicted_class is None


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_audit_picks_is_as_asked_and_they_are_blind_and_uniform(share: float) -> None:
    snapshot = make_snapshot(LABELS)
    audits, shown = 0, 0
    for seed in range(40 if 0 < share < 1 else 5):
        round_ = run(snapshot, share=share, seed=seed)
        ranking = round_.ranking
        # The first pick is never one that a position before it has taken.
        audits += ranking[0].query == AUDIT
        shown += 1
        seen: list[Offer] = []
        for offer in ranking:
            assert offer.shown == (offer.query != AUDIT)
            if offer.query == AUDIT:
                left = COUNT - len(LABELS) - sum(o.query == AUDIT for o in seen)
                assert offer.acquisition_probability == pytest.approx(1 / left)
            seen.append(offer)
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
    snapshot = replace(make_snapshot(LABELS), answered=np.arange(COUNT - 2))
    rows = {snapshot.table.row(offer.sample_id) for offer in run(snapshot).ranking}
    assert rows == {COUNT - 2, COUNT - 1}


def test_stages_are_reported_and_timed() -> None:
    stages: list[State] = []
    round_ = run(make_snapshot(LABELS), report=stages.append)
    assert stages == [State.FITTING, State.SCORING]
    assert set(round_.seconds) == {"fit", "score", "rank"}


def test_a_part_of_a_large_pool_is_scored_and_asked_first_and_the_rest_follows() -> None:
    snapshot, policy = make_snapshot(LABELS), Policy(query="margin", audit_share=0.0)
    before = run(make_snapshot({0: 10, 1: 11}), share=0.0)
    before = replace(before, snapshot=replace(before.snapshot, table=snapshot.table))
    rows = np.arange(5, COUNT, 3)
    part = run(snapshot, share=0.0, rows=rows, previous=before)
    whole = run(snapshot, share=0.0)
    assert part.scores is not None and before.scores is not None and whole.scores is not None
    others = np.setdiff1d(np.arange(COUNT), rows)
    np.testing.assert_array_equal(part.scores.first[rows], whole.scores.first[rows])
    np.testing.assert_array_equal(part.scores.first[others], before.scores.first[others])
    asked = {snapshot.table.row(offer.sample_id) for offer in part.ranking}
    assert asked == set(rows.tolist()) - set(LABELS)
    assert not part.complete and whole.complete

    swept = sweep(part, policy, np.random.default_rng(0), lambda: False)
    assert swept is not None and swept.scores is not None and swept.complete
    np.testing.assert_array_equal(swept.scores.first, whole.scores.first)
    assert (swept.id, swept.head, set(swept.seconds)) == (3, part.head, {*part.seconds, "sweep"})
    assert len(swept.ranking) == RANKED
    np.testing.assert_array_equal(part.scores.first[others], before.scores.first[others])
    assert sweep(part, policy, np.random.default_rng(0), lambda: True) is None


def test_audits_of_an_incomplete_round_are_drawn_from_the_whole_pool() -> None:
    rows = np.arange(40, 50)
    drawn = {
        offer.sample_id
        for seed in range(20)
        for offer in run(make_snapshot(LABELS), share=0.5, rows=rows, seed=seed).ranking
        if offer.query == AUDIT
    }
    assert len(drawn) > 3 * len(rows)


def test_the_mixture_with_audits_is_in_the_acquisition_probability() -> None:
    round_ = run(make_snapshot(LABELS), query="power_margin", share=0.5)
    open_rows = [row for row in range(COUNT) if row not in LABELS]
    assert isinstance(round_.scores, Scores)
    weight = round_.scores.margin(np.array(open_rows))
    for offer in round_.ranking:
        row = round_.table.row(offer.sample_id)
        assert row is not None
        chance = weight[open_rows.index(row)] / weight.sum()
        mixed = 0.5 / len(open_rows) + 0.5 * chance
        assert offer.acquisition_probability == pytest.approx(mixed, rel=0.01)


def test_a_fit_is_given_up_when_it_is_told_to_stop() -> None:
    with pytest.raises(Cancelled):
        run(make_snapshot(LABELS), stop=lambda: True)


def moved_by_hand(before: Round, after: Round) -> int:
    """The open rows whose guess is another one now, counted one by one."""
    assert before.scores is not None and after.scores is not None
    answered = set(after.snapshot.answered.tolist())
    return sum(
        bool(before.scores.best[row] != after.scores.best[row])
        for row in range(COUNT)
        if row not in answered
    )


def relabeled(snapshot: Snapshot, count: int) -> Snapshot:
    """The same pool with more labels, of which the new ones contradict the others."""
    labels = LABELS | {row: 11 - row % 2 for row in range(12, count)}
    more = make_snapshot(labels)
    return replace(more, table=snapshot.table)


def test_a_round_counts_the_open_guesses_that_it_has_changed() -> None:
    first = run(make_snapshot(LABELS))
    assert first.moved is None
    second = run(relabeled(first.snapshot, 30), previous=first)
    assert second.moved is not None
    assert second.moved.labels == 18
    assert 0 < second.moved.guesses == moved_by_hand(first, second)
    back = run(first.snapshot, previous=second)
    assert back.moved is not None
    assert back.moved.labels == -18
    assert back.moved.guesses == moved_by_hand(second, back)
    same = run(first.snapshot, previous=back)
    assert same.moved is not None and (same.moved.guesses, same.moved.labels) == (0, 0)


def test_rounds_of_other_rows_or_classes_are_not_compared() -> None:
    first = run(make_snapshot(LABELS))
    assert run(make_snapshot(LABELS), previous=first).moved is None  # a table of its own
    reshaped = replace(first.snapshot, changed=first.snapshot.changed + 1)
    assert run(reshaped, previous=first).moved is None


def test_guesses_that_change_in_the_rest_of_a_large_pool_are_counted_too() -> None:
    first, policy = run(make_snapshot(LABELS)), Policy(query="margin")
    rows = np.arange(0, COUNT, 3)
    part = run(relabeled(first.snapshot, 30), previous=first, rows=rows)
    swept = sweep(part, policy, np.random.default_rng(0), lambda: False)
    assert part.moved is not None and swept is not None and swept.moved is not None
    assert part.moved.guesses == moved_by_hand(first, part)
    assert part.moved.guesses < swept.moved.guesses == moved_by_hand(first, swept)


def mapped(snapshot: Snapshot) -> Basis:
    """Other features of a table, on which both classes lie apart by the sign of one column."""
    count = len(snapshot.table)
    rows = np.zeros((count, 4), dtype=np.float16)
    rows[:, 0] = np.where(np.arange(count) % 2, 1, -1)
    return Basis(rows, kernel=2, map_digest="abc")


def test_a_round_is_of_the_features_of_its_basis() -> None:
    snapshot = make_snapshot(LABELS)
    basis = mapped(snapshot)
    round_ = run(snapshot, basis=basis)
    assert round_.head is not None and round_.head.width == 4
    assert round_.scores is not None
    assert (round_.scores.best == 10 + np.arange(COUNT) % 2).all()
    rows = np.arange(COUNT)
    np.testing.assert_array_equal(round_.predict(rows), round_.head.predict_proba(basis.features))
    assert {offer.predicted_class for offer in round_.ranking} == {10, 11}


def test_a_fit_does_not_start_at_a_head_of_other_features_and_nothing_has_moved() -> None:
    snapshot = make_snapshot(LABELS)
    first = run(snapshot)
    second = run(snapshot, basis=mapped(snapshot), previous=first, warm=True)
    assert second.head is not None and second.head.width == 4 and second.moved is None
    third = run(snapshot, previous=second, warm=True)
    np.testing.assert_array_equal(proba(third), proba(first))
    assert third.moved is None


def test_a_linear_head_on_other_features_teaches_one_on_the_own_ones() -> None:
    snapshot = make_snapshot(LABELS)
    own = run(snapshot)
    assert own.linear is own.head
    taught = run(snapshot, basis=mapped(snapshot)).linear
    assert taught is not None and taught.width == snapshot.table.features.shape[1]
    best = taught.classes[taught.predict_proba(snapshot.table.features).argmax(axis=1)]
    assert (best == 10 + np.arange(COUNT) % 2).mean() > 0.9
    assert run(make_snapshot()).linear is None
