"""Hone's server, as `make run` starts it, for journeys and benchmarks."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from tests.forks import fork

ROOT = Path(__file__).parents[2]
FIRST_PORT = random.randrange(20_000, 30_000)  # outside of what systems give to clients


class Server:
    """Hone as `make run` starts it, on a port and in a home of its own."""

    def __init__(self, home: Path, pool: Path | None = None, address: str = "127.0.0.1") -> None:
        self.port = free_port()
        self.home = home
        self.pool = pool
        self.address = address
        self.log = home / "server.log"
        self._pid: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._pid is not None
        return self._pid

    def start(self) -> None:
        environment = os.environ | {"HONE_HOME": str(self.home)}
        if self.pool is not None:
            environment["HONE_POOL"] = str(self.pool)
        self.home.mkdir(0o700, parents=True, exist_ok=True)
        options = ["--server.port", str(self.port), "--server.address", self.address]
        options += ["--server.headless", "true"]
        self.log.touch()
        self._pid = self._run(["run", "app.py", *options], environment)
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.url}/api/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    def _run(self, arguments: list[str], environment: dict[str, str]) -> int:
        """Start Streamlit with these arguments; the number of the process."""
        command = [sys.executable, "-m", "streamlit", *arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        return self._process.pid

    def _reap(self, _pid: int) -> None:
        self._process.wait()

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        if self._pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._reap(self._pid)
        self._pid = None


class Forked(Server):
    """The same, but forked from a process that has imported what a server imports.

    A start from nothing imports for ten seconds of a core, and there are three dozen of them.
    """

    most_files: int | None = None

    def _run(self, arguments: list[str], environment: dict[str, str]) -> int:
        self._fork, _ = fork(_serve, arguments, environment, self.log, self.most_files)
        assert self._fork.pid is not None
        return self._fork.pid

    def _reap(self, _pid: int) -> None:
        self._fork.join()


def _serve(
    arguments: list[str], environment: dict[str, str], log: Path, most_files: int | None, _: object
) -> None:
    """Become a server, with an environment, an output and a limit of its own."""
    if most_files is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream, file in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(stream, file)
    os.chdir(ROOT)
    sys.argv = ["streamlit", *arguments]
    import_module("streamlit.web.cli").main()


def free_port() -> int:
    """The first port of this run that is free: the same one for most servers.

    What browsers have compiled of the app's scripts is kept by address.
    """
    for port in range(FIRST_PORT, FIRST_PORT + 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server was just here
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
