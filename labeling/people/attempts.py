"""Count wrong secrets, so that nobody can try many."""

import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable

MOST_WRONG = 10  # wrong invitations that a client may send …
WITHIN = 60.0  # … in so many seconds
MOST_WRONG_OF_ALL = 300  # by all clients in that time, before they count as a flood
MOST_REMEMBERED = 20_000


class Attempts:
    """Counts wrong secrets for each client and in total, so that nobody can try many.

    A client is an address, or an IPv6 network of 64 bits, as one customer has. Wrong secrets from
    many addresses are a flood. During a flood, secrets are looked up only in memory: this costs the
    database nothing, and a good secret still lets a person in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = {}
        self._order: deque[tuple[float, str]] = deque()  # of all clients

    def wait(self, client: str) -> float:
        """Seconds until a client may try again; 0 means now."""
        with self._lock:
            self._forget()
            times = self._wrong.get(_network(client))
            if times is None or len(times) < MOST_WRONG:
                return 0.0
            return times[0] + WITHIN - self._clock()

    def failed(self, client: str) -> None:
        """Record a wrong secret of a client."""
        with self._lock:
            now, network = self._clock(), _network(client)
            self._wrong.setdefault(network, deque()).append(now)
            self._order.append((now, network))
            self._forget()

    @property
    def remembered(self) -> tuple[int, int]:
        """How many clients, and how many wrong secrets of theirs, are kept in memory."""
        with self._lock:
            self._forget()
            return len(self._wrong), len(self._order)

    def is_flood(self) -> bool:
        """Whether the wrong secrets of all clients are so many that they are an attack."""
        with self._lock:
            self._forget()
            return len(self._order) >= MOST_WRONG_OF_ALL

    def _forget(self) -> None:
        """Forget old attempts, and the oldest ones if there are too many."""
        begin = self._clock() - WITHIN
        while self._order and (self._order[0][0] <= begin or len(self._order) > MOST_REMEMBERED):
            _, client = self._order.popleft()
            times = self._wrong[client]
            times.popleft()
            if not times:
                del self._wrong[client]


def _network(client: str) -> str:
    """The client of an address."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
