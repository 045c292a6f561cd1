"""Signed, expiring tokens that say which person may label which project."""

import os
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer

from labeling.errors import ProjectError, TokenError
from labeling.paths import home, make_private, project_key
from labeling.store import Member

DAY = 86_400
LONGEST_DAYS = 366
SECRET_LENGTH = 64
PATIENCE = 20


@dataclass(frozen=True)
class Person:
    """The person of a token: a name, and the member of the team, None for local use.

    A member's token is void when the store has a newer `generation` of the member.
    """

    project: str
    annotator: str
    member: int | None = None
    generation: int = 0


def issue(person: Person, secret: str, days: int = 1) -> str:
    """A token for a person, valid until so many days after the end of today (UTC).

    It stays the same all day, so that addresses of images, which contain it, can be cached.
    """
    until = (int(time.time()) // DAY + 1 + days) * DAY
    team = [] if person.member is None else [person.member, person.generation]
    return str(_signer(secret).dumps([person.project, person.annotator, until, *team]))


def for_member(folder: Path, member: Member) -> Person:
    """The person of a member's token."""
    return Person(project_key(folder), member.name, member.id, member.generation)


def cookie_name(project: str) -> str:
    """The name of the cookie for a member's token; servers on other ports share cookies."""
    return f"hone-{project}"


def for_script(folder: Path, person: str | Member, days: int = 30) -> str:
    """A token for a script that labels the project in `folder` in a person's name.

    Where people log in, it must be a member's token. It is signed with the secret of this
    installation, in HONE_HOME, which must be the server's.
    Raises ProjectError if it cannot be made.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise ProjectError(f"A token is good for 1 to {LONGEST_DAYS} days, not for {days}.")
    if isinstance(person, Member):
        whom = for_member(folder, person)
    else:
        whom = Person(project_key(folder), person)
    return issue(whom, local_secret(), days)


def check(token: str, secret: str) -> Person:
    """The person of a token; raises TokenError if it is wrong or expired."""
    try:
        person, until = _read(token, secret)
    except (BadSignature, ValueError, TypeError) as error:
        raise TokenError("This page's key is not valid; reload the page.") from error
    if time.time() > until:
        raise TokenError("This page's key has expired; reload the page.")
    return person


@lru_cache(maxsize=256)  # all images of a page come with the same token
def _read(token: str, secret: str) -> tuple[Person, float]:
    project, annotator, until, *team = _signer(secret).loads(token)
    member, generation = map(int, team) if team else (None, 0)
    return Person(project, annotator, member, generation), float(until)


def local_secret(folder: Path | None = None) -> str:
    """The secret of this installation, made on first use; only its owner can read it."""
    file = (folder or home()) / "secret"
    try:
        make_private(file.parent)
        for _ in range(PATIENCE):
            if secret := _stored_or_made(file):
                return secret
            time.sleep(0.05)  # another process is writing it now
        file.unlink()  # a crash while it was written
        return local_secret(folder)
    except OSError as error:
        raise ProjectError(
            f"The folder {file.parent} cannot be used ({error.strerror}); "
            "set HONE_HOME to one that you may write to."
        ) from error


def _stored_or_made(file: Path) -> str | None:
    """The secret in a file, made if the file is missing; None while it is half written."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        stored = file.read_text(encoding="ascii", errors="replace")
        return stored if len(stored) == SECRET_LENGTH else None
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        secret = secrets.token_hex(SECRET_LENGTH // 2)
        target.write(secret)
        return secret


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="hone-person")
