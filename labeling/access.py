"""Access: who somebody is, what that allows, and whether a login is needed at all."""

import ipaddress
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labeling.errors import TokenError
from labeling.store import Role, Store
from labeling.tokens import Person

PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-real-ip",
    *(f"x-forwarded-{n}" for n in ("for", "host", "proto")),
)
MOST_WRONG = 10  # invitations that a client may get wrong …
WITHIN = 60.0  # … in so many seconds

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
    """Counts wrong secrets for each client, so that nobody can try many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, client: str) -> float:
        """Seconds until a client may try again, 0 if at once."""
        with self._lock:
            self._forget()
            times = self._wrong.get(client)
            if times is None or len(times) < MOST_WRONG:
                return 0.0
            return times[0] + WITHIN - self._clock()

    def failed(self, client: str) -> None:
        """A client has tried a secret that is none."""
        with self._lock:
            self._wrong[client].append(self._clock())

    def _forget(self) -> None:
        """Drop what is long past, of everybody: the table stays as small as the attack."""
        begin = self._clock() - WITHIN
        for client, times in list(self._wrong.items()):
            while times and times[0] <= begin:
                times.popleft()
            if not times:
                del self._wrong[client]
