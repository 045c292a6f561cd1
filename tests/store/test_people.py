"""The team: who is invited, with what secret, until when, and who cannot be lost."""

import traceback
from hashlib import sha256

import pytest
import sqlalchemy as sa

from labeling.errors import AnswerError, PersonError
from labeling.store import NewAnswer, Role, Store
from labeling.store import people as module
from labeling.store.people import DAY
from labeling.store.sql.schema import PEOPLE
from tests.conftest import OpenStore, add_samples, label, standing


def test_an_invitation_names_its_person_and_is_stored_as_a_hash_alone(
    store: Store,
) -> None:
    member, secret = store.people.invite(" Zoë  Ng ", Role.REVIEWER, 3)
    assert (member.name, member.role, member.is_active) == ("Zoë Ng", Role.REVIEWER, True)
    assert len(secret) * 6 >= 128
    assert store.people.by_secret(secret) == member
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(PEOPLE)).all()
    assert rows and secret not in repr(rows)


def test_an_invitation_that_fails_tells_nothing_of_its_secret(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, _ = store.people.invite("ann", Role.OWNER, 1, email="ann@example.org")
    hidden = ["the-secret", sha256(b"the-secret").hexdigest(), "bob@example.org"]
    monkeypatch.setattr(module.secrets, "token_urlsafe", lambda _: hidden[0])
    with pytest.raises(PersonError) as told:
        store.people.invite("Ann", Role.OWNER, 1, email=hidden[2])
    text = "".join(traceback.format_exception(told.value)) + repr(member) + repr(vars(store))
    assert "IntegrityError" in text
    assert not [one for one in hidden if one in text]


@pytest.mark.parametrize("secret", ["", "x", "ü" * 99, "\ud800", "%", "x" * 100_000])
def test_what_is_no_secret_names_nobody(store: Store, secret: str) -> None:
    store.people.invite("ann", Role.OWNER, 1)
    assert store.people.by_secret(secret) is None


def test_no_two_secrets_are_alike(store: Store) -> None:
    secrets = {store.people.invite(f"p{n}", Role.ANNOTATOR, 1)[1] for n in range(30)}
    assert len(secrets) == 30


def test_an_invitation_ends_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    member, secret = store.people.invite("ann", Role.ANNOTATOR, 2)
    monkeypatch.setattr(module.time, "time", lambda: member.created + 2 * DAY - 1)
    assert store.people.by_secret(secret) == member
    monkeypatch.setattr(module.time, "time", lambda: member.created + 2 * DAY + 1)
    assert store.people.by_secret(secret) is None


def test_a_renewed_link_is_another_and_ends_the_first(store: Store) -> None:
    member, first = store.people.invite("ann", Role.ANNOTATOR, 2)
    store.people.revoke(member.id)
    assert store.people.by_secret(first) is None
    second = store.people.renew(member.id, 5)
    assert store.people.by_secret(first) is None
    renewed = store.people.by_secret(second)
    assert renewed is not None and renewed.id == member.id
    assert renewed.generation > member.generation


def test_a_person_is_known_by_the_address_of_a_login(store: Store) -> None:
    member, _ = store.people.invite("ann", Role.ANNOTATOR, 2, email=" Ann@Example.org ")
    assert store.people.by_email("ann@example.ORG") == member
    assert store.people.by_email("eve@example.org") is None
    store.people.revoke(member.id)
    assert store.people.by_email("ann@example.org") is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_used_is_refused(store: Store, name: str) -> None:
    with pytest.raises(PersonError, match="name of 1 to 80"):
        store.people.invite(name, Role.ANNOTATOR, 1)


def test_a_taken_name_or_address_is_refused_with_the_mend(store: Store) -> None:
    store.people.invite("Ann", Role.ANNOTATOR, 1, email="a@b.c")
    for name, email in (("aNN", None), ("Eve", "A@b.c")):
        with pytest.raises(PersonError, match="renew that invitation"):
            store.people.invite(name, Role.ANNOTATOR, 1, email=email)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_nobody_is_invited_for_ever(store: Store, days: int) -> None:
    with pytest.raises(PersonError, match="1 to 366 days"):
        store.people.invite("ann", Role.ANNOTATOR, days)


def test_the_last_owner_can_neither_be_revoked_nor_made_less(store: Store) -> None:
    ann, _ = store.people.invite("ann", Role.OWNER, 1)
    with pytest.raises(PersonError, match="only owner"):
        store.people.revoke(ann.id)
    with pytest.raises(PersonError, match="only owner"):
        store.people.change_role(ann.id, Role.REVIEWER)
    store.people.invite("bob", Role.OWNER, 1)
    store.people.change_role(ann.id, Role.REVIEWER)
    assert store.people.named("ANN").role is Role.REVIEWER


def test_somebody_unknown_is_named(store: Store) -> None:
    with pytest.raises(PersonError, match="Nobody named “eve”"):
        store.people.named("eve")
    with pytest.raises(PersonError, match="no person 7"):
        store.people.revoke(7)
    with pytest.raises(PersonError, match="annotator, reviewer, owner"):
        Role.of("king")


def test_shares_count_what_stands_in_the_order_of_first_answers(store: Store) -> None:
    ids, cat = add_samples(store, 4), store.classes.create("cat").id
    store.answers.append("bob", [label(ids[0], cat, "1"), label(ids[1], cat, "2")])
    store.answers.append("ann", [label(ids[2], cat, "3")])
    store.answers.append("bob", [undo_of(ids[0], "1")])
    shares = store.answers.shares()
    assert [(name, one.labels) for name, one in shares.items()] == [("bob", 1), ("ann", 1)]
    assert shares["bob"].last >= shares["ann"].last


def undo_of(sample_id: str, undoes: str) -> NewAnswer:
    return NewAnswer(f"undo-{undoes}", sample_id, "undo", undoes=undoes)


def test_only_an_own_answer_can_be_undone_where_that_is_asked_for(store: Store) -> None:
    ids, cat = add_samples(store, 1), store.classes.create("cat").id
    store.answers.append("bob", [label(ids[0], cat, "1")])
    with pytest.raises(AnswerError, match="Only the person who gave"):
        store.answers.append("ann", [undo_of(ids[0], "1")], own=True)
    store.answers.append("bob", [undo_of(ids[0], "1")], own=True)
    assert standing(store) == {}


def test_whom_another_process_has_just_invited_is_known_at_once(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    assert store.people.all() == []  # kept for a second
    ann, _ = other.people.invite("Ann", Role.ANNOTATOR, 1)
    assert store.people.get(ann.id) == ann
