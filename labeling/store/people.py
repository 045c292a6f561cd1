"""People: who may come in, in which role, until when. Secrets are stored as hashes only."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.errors import PersonError
from labeling.store.log import INVITED, RENEWED, REVOKED, ROLE, insert_entry
from labeling.store.names import Looks, is_visible, tidy
from labeling.store.sql.schema import PEOPLE

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

LONGEST_NAME = 80
LONGEST_DAYS = 366
DAY = 86_400
SECRET_BYTES = 24


class Role(IntEnum):
    """What a person may do; each role includes the rights of the roles before it."""

    ANNOTATOR = 1
    REVIEWER = 2
    OWNER = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, name: str) -> "Role":
        """The role of that name; raises PersonError if the name is unknown."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise PersonError(
                f"There is no role “{name}”; choose one of {', '.join(map(str, cls))}."
            ) from None


@dataclass(frozen=True)
class Member:
    """A person of the team. Tokens of an earlier `generation` are void."""

    id: int
    name: str
    email: str | None
    role: Role
    generation: int
    created: float
    expires: float
    revoked: float | None
    seen: float | None

    @property
    def is_active(self) -> bool:
        """Whether this person may come in now."""
        return self.revoked is None and time.time() < self.expires


class People:
    """The team of a project; a member is never deleted, since answers carry the name."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def all(self) -> list[Member]:
        """Every member, in the order of their invitations."""
        return list(self._by_id().values())

    def get(self, member_id: int) -> Member | None:
        """One member, or None; cheap, as every request asks."""
        found = self._by_id().get(member_id)
        if found is None:  # another process may have invited somebody a moment ago
            self._database.memo.forget()
            found = self._by_id().get(member_id)
        return found

    def named(self, name: str) -> Member:
        """The member of that name; raises PersonError if the name is unknown."""
        folded = _folded(name)
        for one in self.all():
            if _folded(one.name) == folded:
                return one
        raise PersonError(f"Nobody named “{name}” has been invited to this project.")

    def by_secret(self, secret: str) -> Member | None:
        """The member whose invitation has this secret, if it is still valid."""
        found = self._read(PEOPLE.c.secret_hash == _hash(secret)).values()
        return next((one for one in found if one.is_active), None)

    def may_know(self, secret: str) -> bool:
        """Whether any invitation may have this secret; rarely needs the database."""
        return _hash(secret) in self._database.memo.get("secrets", self._hashes)

    def _hashes(self) -> set[str]:
        with self._database.ask() as connection:
            return set(connection.scalars(sa.select(PEOPLE.c.secret_hash)))

    def by_email(self, email: str) -> Member | None:
        """The active member with this address at an identity provider."""
        for one in self.all():
            if one.email is not None and one.email == _folded(email) and one.is_active:
                return one
        return None

    def invite(
        self, name: str, role: Role, days: int, email: str | None = None, by: str = ""
    ) -> tuple[Member, str]:
        """A new member and the secret of the invitation, which is never shown again.

        `by` is the person who does this, for the log. Raises PersonError for a name or address
        that cannot be used or is taken.
        """
        clean, secret, now = _checked(name), secrets.token_urlsafe(SECRET_BYTES), time.time()
        values = {
            "name": clean,
            "folded_name": _folded(clean),
            "email": _folded(email) if email and email.strip() else None,
            "role": str(role),
            "secret_hash": _hash(secret),
            "generation": 1,
            "created": now,
            "expires": now + _checked_days(days) * DAY,
        }
        try:
            with self._database.change() as connection:
                self._check_look(connection, clean)
                result = connection.execute(sa.insert(PEOPLE).values(values))
                insert_entry(connection, by=by, kind=INVITED, text=f"{clean} as {role}")
        except sa.exc.IntegrityError as error:
            raise PersonError(
                f"“{clean}” or that address has been invited already; renew that invitation, or "
                "take another name."
            ) from error
        key = result.inserted_primary_key
        assert key is not None  # an INSERT of one row always has one
        return self._existing(int(key[0])), secret

    def _check_look(self, connection: sa.Connection, name: str) -> None:
        """Raise PersonError for a name that others could take for that of another person."""
        if (other := Looks(connection.scalars(sa.select(PEOPLE.c.name))).like(name)) is not None:
            raise PersonError(
                f"“{name}” looks like “{other}”, who has been invited already, but has letters of "
                "another alphabet; take another name."
            )

    def renew(self, member_id: int, days: int, by: str = "") -> str:
        """A new secret and a new end date; the earlier link and its tokens become void."""
        member, secret = self._existing(member_id), secrets.token_urlsafe(SECRET_BYTES)
        expires = time.time() + _checked_days(days) * DAY
        self._change(
            member,
            (by, RENEWED, member.name),
            secret_hash=_hash(secret),
            expires=expires,
            revoked=None,
            generation=member.generation + 1,
        )
        return secret

    def revoke(self, member_id: int, by: str = "") -> None:
        """Shut a member out, with any token; the answers stay."""
        member = self._existing(member_id)
        self._keep_an_owner(member)
        entry = (by, REVOKED, member.name)
        self._change(member, entry, revoked=time.time(), generation=member.generation + 1)

    def change_role(self, member_id: int, role: Role, by: str = "") -> None:
        """Give a member another role, which is valid at once."""
        member = self._existing(member_id)
        if role < Role.OWNER:
            self._keep_an_owner(member)
        self._change(member, (by, ROLE, f"{member.name} is {role} now"), role=str(role))

    def saw(self, member_id: int) -> None:
        """Record that a member has come in now."""
        self._change(self._existing(member_id), None, seen=time.time())

    def _keep_an_owner(self, member: Member) -> None:
        owners = [one for one in self.all() if one.is_active and one.role is Role.OWNER]
        if owners == [member]:
            raise PersonError(
                f"“{member.name}” is the only owner left; make somebody else an owner first."
            )

    def _existing(self, member_id: int) -> Member:
        member = self.get(member_id)
        if member is None:
            raise PersonError(f"There is no person {member_id} in this project.")
        return member

    def _change(self, member: Member, entry: tuple[str, str, str] | None, **values: Any) -> None:
        """Set columns of a member, and log who did what, where that is given."""
        with self._database.change() as connection:
            connection.execute(sa.update(PEOPLE).where(PEOPLE.c.id == member.id).values(values))
            if entry is not None:
                insert_entry(connection, **dict(zip(("by", "kind", "text"), entry, strict=True)))

    def _by_id(self) -> dict[int, Member]:
        found: dict[int, Member] = self._database.memo.get("people", self._read)
        return found

    def _read(self, *where: sa.ColumnElement[bool]) -> dict[int, Member]:
        query = sa.select(*(PEOPLE.c[name] for name in _FIELDS)).where(*where)
        query = query.order_by(PEOPLE.c.id)
        with self._database.ask() as connection:
            rows = [row._asdict() for row in connection.execute(query)]
        return {row["id"]: Member(**row | {"role": Role.of(row["role"])}) for row in rows}


def _checked(name: str) -> str:
    clean = tidy(name)
    if not 1 <= len(clean) <= LONGEST_NAME or not clean.isprintable() or not is_visible(clean):
        raise PersonError(
            f"A person needs a name of 1 to {LONGEST_NAME} letters, digits and signs, "
            f"not {clean[:20]!r}."
        )
    return clean


def _checked_days(days: int) -> int:
    if not 1 <= days <= LONGEST_DAYS:
        raise PersonError(f"An invitation is good for 1 to {LONGEST_DAYS} days, not for {days}.")
    return days


def _folded(text: str) -> str:
    return tidy(text).casefold()


def _hash(secret: str) -> str:
    # It has 192 random bits: nobody can guess it, so no slow hash is needed.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


_FIELDS = tuple(Member.__dataclass_fields__)
