"""The open projects of this process, by key."""

import threading
from collections.abc import Mapping
from pathlib import Path

from labeling.embedding.speeds import Speeds
from labeling.environment import POOL, PROJECT
from labeling.evidence.trials import Trials
from labeling.loop.session import Session
from labeling.paths import locate, project_key
from labeling.people.access import is_from_elsewhere
from labeling.people.attempts import Attempts
from labeling.people.reach import Serving
from labeling.people.tokens import local_secret
from labeling.project.project import Project, open_project

SAMPLE_POOL = Path(__file__).parents[1] / "sample_data" / "emoji"

FIRST_LOOK = 8.0  # seconds within which a person who has started Hone sees its first screen


class Workspace:
    """Keeps one running session for each open project.

    With `login`, everybody has to be a member of the team, also on this machine. `serving` is what
    the server listens on. `speeds` is how fast each pretrained model runs here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._trials: dict[str, Trials] = {}
        self._secret: str | None = None
        self.login = False
        self.serving = Serving("127.0.0.1")
        self.attempts = Attempts()
        self.speeds = Speeds()

    @property
    def secret(self) -> str:
        """What tokens are signed with."""
        if self._secret is None:
            self._secret = local_secret()
        return self._secret

    def needs_login(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may come from another machine, so that only members get a reply."""
        return self.login or is_from_elsewhere(headers)

    def open(self, pool: str | Path, folder: str | Path | None = None) -> Session:
        """The running session of a pool, opened and started if necessary."""
        location, place = locate(pool, folder)
        with self._lock:
            known = self._sessions.get(project_key(place))
            if known is not None and known.project.source.location == location:
                return known
            return self._start(open_project(location, place))

    def get(self, key: str) -> Session | None:
        """The running session of a project, or None."""
        return self._sessions.get(key)

    def sessions(self) -> list[Session]:
        """Every running session."""
        with self._lock:
            return list(self._sessions.values())

    def trials(self, session: Session) -> Trials:
        """The other backbones that a running session has on trial."""
        return self._trials[session.project.key]

    def reopen(self, session: Session) -> Session:
        """Close a session and start it again, for settings that take effect on opening."""
        with self._lock:
            project = session.project
            self._sessions.pop(project.key, None)
            self._trials.pop(project.key).stop()
            session.close()
            return self._start(open_project(project.source.location, project.folder))

    def close(self) -> None:
        """Stop every session."""
        with self._lock:
            while self._sessions:
                key, session = self._sessions.popitem()
                self._trials.pop(key).stop()
                session.close()

    def adopt(self, session: Session) -> Trials:
        """Keep a session that was opened elsewhere, as it is; it is closed with the others."""
        trials = Trials(session.project, session.ingest, session.current, session.notifier.bump)
        self._sessions[session.project.key], self._trials[session.project.key] = session, trials
        return trials

    def _start(self, project: Project) -> Session:
        session = Session(project)
        trials = self.adopt(session)
        session.start(FIRST_LOOK)
        if session.peers.leads:  # it embeds
            trials.resume()
        return session


def configured() -> tuple[str, str | None]:
    """(pool, project folder) from HONE_POOL and HONE_PROJECT; by default the sample data."""
    return POOL.value() or str(SAMPLE_POOL), PROJECT.value()


WORKSPACE = Workspace()
