"""A private PostgreSQL for tests and benchmarks, from the programs of Debian's package."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

USER = "postgres"  # it refuses to run as root
FAST = ("fsync=off", "full_page_writes=off", "max_wal_size=256MB")  # for what may be lost
MISSING = "no PostgreSQL here: install Debian's postgresql, or put its programs on the PATH"


def programs() -> Path | None:
    """Where initdb and postgres are."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return Path(found).parent if found else next((file.parent for file in places), None)


def start_or_skip() -> "Cluster":
    """A running cluster; without PostgreSQL the test is skipped, but not in CI."""
    if programs() is None and os.environ.get("CI") != "true":
        pytest.skip(MISSING)
    cluster = Cluster()
    cluster.start()
    return cluster


class Cluster:
    """A server in a folder of its own, reached by a socket there; `durable` as in real use."""

    def __init__(self, *, durable: bool = False) -> None:
        folder = programs()
        if folder is None:
            raise RuntimeError(MISSING)
        self._programs = folder
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        # A socket's path may not be long, and pytest's folders are for root's eyes alone.
        self._folder = Path(tempfile.mkdtemp(prefix="hone-pg-"))
        self._user = USER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, USER)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "hone", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def url(self) -> str:
        """What HONE_DATABASE_URL names; tests look for its password in texts."""
        return f"postgresql://hone:s3cret-word@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start and wait until it can be used, if it does not run."""
        if self._process is not None:
            return
        fast = () if self._durable else FAST
        options = ["listen_addresses=", f"unix_socket_directories={self._folder}", *fast]
        command = [str(self._programs / "postgres"), "-D", self._data]
        for option in options:
            command += ["-c", option]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self._folder
            )
        for _ in range(300):
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url).close()
                return
            time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def stop(self, *, kill: bool = False) -> None:
        """End at once: a fast shutdown, or as if the machine had lost its power."""
        if self._process is not None:
            mode = "immediate" if kill else "fast"
            self._run("pg_ctl", "stop", "-D", self._data, "-m", mode, "-w")
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End, and leave nothing."""
        self.stop(kill=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd=self._folder)
