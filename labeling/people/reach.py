"""Where a server can be reached, for the links in invitations."""

import json
import os
import socket
import tomllib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from labeling.people.access import is_loopback

FILE = "server.json"  # in the folder of a project that is being served
DEFAULT_PORT = 8501
EVERYWHERE = ("", "0.0.0.0", "::")
PATIENCE = 1.0  # seconds that a server may take to accept a connection
# Addresses for documentation. No packet is sent to them: the system only says from which of its
# own addresses it would send one.
FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))

ONLY_HERE = (
    "Nobody else can open this link, because this Hone serves only its own machine. For a team, "
    "stop it and start it with “make run ADDRESS=0.0.0.0”. Behind a proxy, use the proxy's address."
)
NO_NETWORK = (
    "Nobody else can open this link, because this machine is in no network. Connect it, then make "
    "a new link."
)
PLAIN = (
    "The link begins with http://, so people in the same network can read what is sent. Outside a "
    "network that you trust, put a proxy with HTTPS before Hone."
)


@dataclass(frozen=True)
class Serving:
    """What a server listens on; without an `address`, on every address of its machine."""

    address: str = ""
    port: int = DEFAULT_PORT
    scheme: str = "http"
    path: str = ""

    @property
    def is_private(self) -> bool:
        """Whether only its own machine can reach it."""
        return is_loopback(self.address)

    def base(self, page: str = "", own: str | None = None) -> str:
        """The address that others should use, with a slash at the end.

        `page` is where the browser sees Hone. Its host is right, except where it means the
        browser's own machine: then the server's address in the network, `own`, takes its place.
        """
        seen = urlsplit(page).hostname
        if seen and (own is None or not is_loopback(seen)):
            return f"{page.rstrip('/')}/"
        host = own or (self.address if self.is_private else "127.0.0.1")
        host = f"[{host}]" if ":" in host else host
        path = f"{self.path.strip('/')}/".removeprefix("/")
        return f"{self.scheme}://{host}:{self.port}/{path}"

    def link(self, secret: str, page: str = "") -> str:
        """The link of an invitation, with an address that other machines can reach if any."""
        return urljoin(self.base(page, self._own()), f"join/{secret}")

    def caution(self, link: str) -> str | None:
        """What the person who sends this link should know."""
        parts = urlsplit(link)
        if is_loopback(parts.hostname):
            return ONLY_HERE if self.is_private else NO_NETWORK
        return PLAIN if parts.scheme == "http" else None

    def _own(self) -> str | None:
        """The address at which other machines find the server, None if they cannot."""
        if self.is_private:
            return None
        return own_address() if self.address in EVERYWHERE else self.address


def own_address() -> str | None:
    """The address of this machine in its network."""
    for address in _own_addresses():
        if not is_loopback(address):
            return address
    return None


def _own_addresses() -> Iterator[str]:
    for family, far in FAR:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            yield str(probe.getsockname()[0])
    with suppress(OSError):
        yield socket.gethostbyname(socket.gethostname())


def announce(folder: Path, serving: Serving) -> None:
    """Write down where a project is served, for the command line."""
    with suppress(OSError):  # a full disk must not keep Hone from starting
        (folder / FILE).write_text(json.dumps(asdict(serving)), encoding="utf-8")


def withdraw(folder: Path, serving: Serving) -> None:
    """Remove that, unless another server of the project has written since."""
    if _announced(folder) == serving:
        with suppress(OSError):
            (folder / FILE).unlink()


def found(folder: Path) -> Serving:
    """Where a project is served now; if it is not, where Streamlit's settings say it will be."""
    announced = _announced(folder)
    if announced is not None and _answers(announced):
        return announced
    return Serving(port=_configured_port())


def _announced(folder: Path) -> Serving | None:
    try:
        return Serving(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _answers(serving: Serving) -> bool:
    """Whether the server is still there: one that was killed could not remove its file."""
    host = "127.0.0.1" if serving.address in EVERYWHERE else serving.address
    try:
        with closing(socket.create_connection((host, serving.port), PATIENCE)):
            return True
    except OSError:
        return False


def _configured_port() -> int:
    """Streamlit's setting of the port, in its order: environment, this folder, home."""
    settings = [os.environ.get("STREAMLIT_SERVER_PORT")]
    for folder in (Path.cwd(), Path.home()):
        with suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            content = (folder / ".streamlit" / "config.toml").read_text(encoding="utf-8")
            server = tomllib.loads(content).get("server", {})
            settings.append(server.get("port") if isinstance(server, dict) else None)
    for one in settings:
        with suppress(TypeError, ValueError):
            return int(one)  # type: ignore[arg-type]  # None is no number
    return DEFAULT_PORT
