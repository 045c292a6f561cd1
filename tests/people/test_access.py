"""Access: whom a token lets in now, what counts as from elsewhere, and how often one may guess."""

import time

import pytest

from labeling.errors import TokenError
from labeling.people.access import Visitor, admit, is_from_elsewhere, is_loopback
from labeling.people.attempts import (
    MOST_REMEMBERED,
    MOST_WRONG,
    MOST_WRONG_OF_ALL,
    WITHIN,
    Attempts,
)
from labeling.people.tokens import Person
from labeling.store import Role, Store
from labeling.store import people as module


def test_local_use_needs_no_login_and_may_do_everything(store: Store) -> None:
    assert admit(Person("p", "zoë"), store, login=False) == Visitor("zoë", Role.OWNER)


def test_where_a_login_is_needed_a_name_alone_does_not_let_in(store: Store) -> None:
    store.people.invite("ann", Role.OWNER, 1)
    with pytest.raises(TokenError, match="asks for an invitation"):
        admit(Person("p", "ann"), store, login=True)


def test_a_member_has_the_role_of_this_moment_and_the_stored_name(store: Store) -> None:
    store.people.invite("owner", Role.OWNER, 1)
    ann, _ = store.people.invite("ann", Role.OWNER, 1)
    person = Person("p", "somebody else", ann.id, ann.generation)
    assert admit(person, store, login=True) == Visitor("ann", Role.OWNER, ann.id)
    store.people.change_role(ann.id, Role.ANNOTATOR)
    assert admit(person, store, login=False).role is Role.ANNOTATOR


@pytest.mark.parametrize("end", ["revoke", "renew", "expire", "unknown"])
def test_a_member_is_shut_out_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    ann, _ = store.people.invite("ann", Role.ANNOTATOR, 1)
    person = Person("p", "ann", ann.id, ann.generation)
    admit(person, store, login=True)
    if end == "revoke":
        store.people.revoke(ann.id)
    elif end == "renew":
        store.people.renew(ann.id, 1)
    elif end == "expire":
        monkeypatch.setattr(module.time, "time", lambda: ann.expires + 1)
    else:
        person = Person("p", "ann", 99, 1)
    with pytest.raises(TokenError, match="has ended or was revoked"):
        admit(person, store, login=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_these_addresses_are_for_this_machine_alone(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_these_addresses_may_be_reached_from_elsewhere(address: str | None) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize(
    "header", ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host"]
)
def test_what_a_proxy_forwards_comes_from_elsewhere(header: str) -> None:
    assert is_from_elsewhere({"host": "localhost", header: "10.0.0.7"})


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:80", "[::1]:8501"])
def test_who_asks_for_this_machine_is_at_it(host: str) -> None:
    assert not is_from_elsewhere({"host": host})


@pytest.mark.parametrize("host", ["", "evil.example:8501", "10.0.0.7", "localhost.evil.example"])
def test_who_asks_for_another_name_may_be_anywhere(host: str) -> None:
    assert is_from_elsewhere({"host": host})


def test_wrong_secrets_are_counted_for_each_client_and_forgotten() -> None:
    now = [100.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(MOST_WRONG):
        assert attempts.wait("eve") == 0
        attempts.failed("eve")
    assert attempts.wait("eve") == WITHIN
    assert attempts.wait("ann") == 0
    now[0] += WITHIN - 1
    assert attempts.wait("eve") == 1
    now[0] += 1
    assert attempts.wait("eve") == 0
    assert attempts.remembered == (0, 0)


def test_who_has_many_addresses_makes_a_flood_that_is_forgotten_too() -> None:
    now = [100.0]
    attempts = Attempts(lambda: now[0])
    for number in range(MOST_WRONG_OF_ALL):
        assert not attempts.is_flood()
        attempts.failed(f"198.51.{number // 250}.{number % 250}")
    assert attempts.is_flood() and attempts.wait("203.0.113.9") == 0
    now[0] += WITHIN
    assert not attempts.is_flood() and attempts.remembered == (0, 0)


def test_the_addresses_of_one_ipv6_network_are_one_client() -> None:
    attempts = Attempts(lambda: 0.0)
    for number in range(MOST_WRONG):
        attempts.failed(f"2001:db8:1:2::{number:x}")
    assert attempts.wait("2001:db8:1:2:ffff::1") == WITHIN
    assert attempts.wait("2001:db8:1:3::1") == 0
    for _ in range(MOST_WRONG):
        attempts.failed("::ffff:192.0.2.1")
    assert attempts.wait("192.0.2.1") == WITHIN


def test_a_flood_fills_no_memory_and_takes_no_time() -> None:
    attempts = Attempts(lambda: 0.0)
    begin = time.process_time()
    for number in range(2 * MOST_REMEMBERED):
        assert attempts.wait(f"client {number}") == 0
        attempts.failed(f"client {number}")
    assert attempts.remembered == (MOST_REMEMBERED, MOST_REMEMBERED)
    assert time.process_time() - begin < 5.0  # of this process, however busy the machine is
