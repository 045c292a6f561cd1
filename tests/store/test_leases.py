"""Leases: no two people are given one sample, and what was offered travels into the answer."""

import pytest

from labeling.store import NewAnswer, Offer, RoundRecord, Store
from labeling.store import leases as leases_module
from tests.conftest import label
from tests.store.conftest import together, undo


def offers(ids: list[str]) -> list[Offer]:
    return [Offer(key, "margin") for key in ids]


def claimed(store: Store, holder: str, ids: list[str], count: int, keep: tuple[str, ...] = ()):
    return [offer.sample_id for offer in store.leases.claim(holder, offers(ids), count, list(keep))]


def test_eight_threads_claim_disjoint_samples(store: Store, ids: list[str]) -> None:
    parts = together(lambda number: claimed(store, f"tab{number}", ids, 5))
    everything = [key for part in parts for key in part]  # type: ignore[attr-defined]
    assert sorted(everything) == sorted(ids)


def test_what_a_holder_does_not_keep_goes_back_to_the_pool(store: Store, ids: list[str]) -> None:
    assert claimed(store, "a", ids, 3) == ids[:3]
    assert claimed(store, "a", ids, 1, keep=(ids[0],)) == [ids[1]]
    assert claimed(store, "b", ids, 2) == [ids[2], ids[3]]


def test_under_however_many_names_a_person_holds_no_more_than_allowed(
    store: Store, ids: list[str]
) -> None:
    def ask(name: str, count: int, keep: tuple[str, ...] = ()) -> list[str]:
        found = store.leases.claim(name, offers(ids), count, keep, most=6)
        return [offer.sample_id for offer in found]

    assert ask("1:a", 4) == ids[:4]
    assert ask("1:b", 4) == ids[4:8]  # two of the first go back
    assert store.leases.held() == 6
    assert ask("1:c", 99) == [*ids[2:4], *ids[8:12]]
    assert store.leases.held() == 6
    assert ask("2:a", 3) == ids[:2] + ids[4:5]  # the others are left what went back
    assert ask("1:c", 99, keep=tuple(ids[8:12])) == ids[2:4]  # what is on screen stays
    assert store.leases.hold("1:d", ids[20:40], most=6) == ids[20:26]
    for key in ids[26:40]:
        assert store.leases.hold("1:d", [key], most=6) == []
    assert store.leases.held() == 9
    assert ask("12:a", 6) != [] and store.leases.held() == 15  # 12 is not 1
    for _ in range(9):  # each keeps all that it has
        store.leases.claim("3:a", offers(ids), 5, spare=None, most=6)
    assert 15 < store.leases.held() <= 21
    assert len(store.leases.claim("at this machine", offers(ids), 15, most=6)) == 15


def test_a_holder_that_keeps_nothing_gives_everything_back(store: Store, ids: list[str]) -> None:
    claimed(store, "a", ids, 3)
    store.leases.claim("a", [], 0)
    assert claimed(store, "b", ids, 3) == ids[:3]


def test_an_expired_lease_is_given_out_again(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    claimed(store, "a", ids, 2)
    now[0] += leases_module.LEASE_SECONDS - 1
    assert claimed(store, "b", ids, 1) == [ids[2]]
    now[0] += 2
    assert claimed(store, "c", ids, 2) == ids[:2]


def offer_of(sample_id: str, round_id: int, class_id: int, shown: bool = True) -> Offer:
    return Offer(sample_id, "margin", round_id, 0.5, 0.25, class_id, 0.75, shown)


def test_the_offer_travels_into_the_answer_and_its_lease_ends(
    store: Store, ids: list[str], cat: int, round_id: int
) -> None:
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1)
    store.answers.append("ann", [label(ids[0], cat, "l")])
    answer = store.answers.all()[0]
    facts = (answer.round_id, answer.query, answer.score, answer.acquisition_probability)
    assert facts == (round_id, "margin", 0.5, 0.25)
    assert (answer.predicted_class, answer.predicted_confidence, answer.shown) == (cat, 0.75, True)
    store.answers.append("ann", [undo(ids[0], "l")])
    assert (store.answers.all()[1].query, store.answers.all()[1].shown) == (None, False)
    assert claimed(store, "b", ids, 1) == [ids[0]]


def test_a_kept_sample_keeps_the_facts_of_its_offer_even_when_its_lease_had_expired(
    store: Store, ids: list[str], cat: int, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1)
    now[0] += leases_module.LEASE_SECONDS + 1
    assert claimed(store, "a", ids, 1, keep=(ids[0],)) == [ids[1]]
    assert claimed(store, "b", ids, 1) == [ids[2]]
    store.answers.append("ann", [label(ids[0], cat)])
    assert store.answers.all()[0].query == "margin"


def test_the_leases_that_hold_now_are_counted(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = [Offer(key, "random") for key in ids]
    store.leases.claim("a", offers, 5)
    store.leases.claim("b", offers, 3)
    assert store.leases.held() == 8
    store.leases.claim("a", [], 0)
    assert store.leases.held() == 3
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", -1.0)
    store.leases.claim("c", offers, 4)
    assert store.leases.held() == 3


def test_a_sample_brought_back_by_undo_is_leased_anew(store: Store, ids: list[str]) -> None:
    assert claimed(store, "a", ids, 0, keep=(ids[0], ids[0])) == []
    assert claimed(store, "b", ids, 1) == [ids[1]]


def test_keeping_what_another_holds_does_not_take_it_away(store: Store, ids: list[str]) -> None:
    claimed(store, "a", ids, 1)
    claimed(store, "b", ids, 0, keep=(ids[0],))
    store.leases.claim("b", [], 0)
    assert claimed(store, "c", ids, 1) == [ids[1]]


def shown_round(sample_id: str, class_id: int, round_id: int | None) -> NewAnswer:
    return NewAnswer(f"c{round_id}", sample_id, "label", class_id, round_id=round_id)


@pytest.mark.parametrize(
    ("told", "stored"), [(1, (1, 0.75)), (2, (2, 0.5)), (None, (2, 0.5)), (7, (2, 0.5))]
)
def test_an_answer_stores_the_offer_that_was_on_screen_when_a_newer_one_came(
    store: Store, ids: list[str], cat: int, told: int | None, stored: tuple[int, float]
) -> None:
    for number in (1, 2):
        store.rounds.add(RoundRecord(number, 1.0, 0, "b", "margin", "h.npz", {}, {}))
    store.leases.claim("a", [offer_of(ids[0], 1, cat)], 1)
    again = Offer(ids[0], "margin", 2, 0.1, None, cat, 0.5, True)
    assert store.leases.claim("a", [again], 1, spare=[ids[0]]) == [again]
    store.answers.append("ann", [shown_round(ids[0], cat, told)])
    (answer,) = store.answers.all()
    assert (answer.round_id, answer.predicted_confidence) == stored


def test_a_card_of_the_cold_start_that_was_on_screen_is_stored_without_a_guess(
    store: Store, ids: list[str], cat: int, round_id: int
) -> None:
    store.leases.claim("a", [Offer(ids[0], "max_herding", score=0.2)], 1)
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1, spare=[ids[0]])
    store.answers.append("ann", [shown_round(ids[0], cat, 0)])
    (answer,) = store.answers.all()
    assert (answer.query, answer.round_id, answer.shown) == ("max_herding", None, False)


def test_leases_are_renewed_for_as_long_as_somebody_looks(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    claimed(store, "a", ids, 3)
    now[0] += leases_module.LEASE_SECONDS - 1
    assert store.leases.hold("a", ids[:3]) == ids[:3]
    now[0] += leases_module.LEASE_SECONDS - 1
    assert claimed(store, "b", ids, 1) == [ids[3]]
    now[0] += 2  # nobody looked
    assert claimed(store, "b", ids, 1) == [ids[0]]
    assert store.leases.hold("a", ids[:3]) == ids[1:3]
    assert claimed(store, "c", ids, 1) == [ids[3]]
