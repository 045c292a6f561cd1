"""Access: who somebody is, what that allows, and whether a login is needed at all."""

import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labeling.errors import TokenError
from labeling.people.tokens import Person
from labeling.store import Role, Store

PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-real-ip",
    *(f"x-forwarded-{n}" for n in ("for", "host", "proto")),
)
MOST_WRONG = 10  # invitations that a client may get wrong …
WITHIN = 60.0  # … in so many seconds
MOST_WRONG_OF_ALL = 300  # by all clients in that time, before they count as a flood
MOST_REMEMBERED = 20_000

UNINVITED = "This Hone asks for an invitation; open the link that its owner has given you."
ENDED = "Your invitation has ended or was revoked; ask the owner of this project for a new one."


@dataclass(frozen=True)
class Visitor:
    """Somebody who has been let in; local use has no `member` and may do everything."""

    name: str
    role: Role
    member: int | None = None


def admit(person: Person, store: Store, *, login: bool) -> Visitor:
    """The visitor whom a valid token speaks for, as the store has the team now.

    Raises TokenError where a `login` is needed and the token names no member, and where the member
    has been revoked, renewed or has run out of time since.
    """
    if person.member is None:
        if login:
            raise TokenError(UNINVITED)
        return Visitor(person.annotator, Role.OWNER)
    member = store.people.get(person.member)
    if member is None or not member.is_active or member.generation != person.generation:
        raise TokenError(ENDED)
    return Visitor(member.name, member.role, member.id)


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens on this address can be reached from its machine alone."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether the sender of a request may sit anywhere.

    It came by a proxy, or asks for another name than this machine's: a hostile page can have its
    own name lead to 127.0.0.1 (DNS rebinding), and would be let in as the person at the keyboard.
    """
    return any(name in headers for name in PROXY_HEADERS) or not is_loopback(
        _without_port(headers.get("host", ""))
    )


def _without_port(host: str) -> str:
    """The name or address of a Host header."""
    return (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]).lower()


class Attempts:
    """Counts wrong secrets for each client and in all, so that nobody can try many.

    A client is an address, or an IPv6 network of 64 bits, which is what one customer has. Whoever
    has many addresses makes a flood, in which secrets are looked up in memory alone: it costs the
    database nothing, and a good one still lets in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = {}
        self._order: deque[tuple[float, str]] = deque()  # of all clients

    def wait(self, client: str) -> float:
        """Seconds until a client may try again, 0 if at once."""
        with self._lock:
            self._forget()
            times = self._wrong.get(_network(client))
            if times is None or len(times) < MOST_WRONG:
                return 0.0
            return times[0] + WITHIN - self._clock()

    def failed(self, client: str) -> None:
        """A client has tried a secret that is none."""
        with self._lock:
            now, network = self._clock(), _network(client)
            self._wrong.setdefault(network, deque()).append(now)
            self._order.append((now, network))
            self._forget()

    def is_flood(self) -> bool:
        """Whether so many are wrong, whoever they are from, that somebody tries many."""
        with self._lock:
            self._forget()
            return len(self._order) >= MOST_WRONG_OF_ALL

    def _forget(self) -> None:
        """Drop what is long past, and the oldest of what is too much to remember."""
        begin = self._clock() - WITHIN
        while self._order and (self._order[0][0] <= begin or len(self._order) > MOST_REMEMBERED):
            _, client = self._order.popleft()
            times = self._wrong[client]
            times.popleft()
            if not times:
                del self._wrong[client]


def _network(client: str) -> str:
    """What counts as one client."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
