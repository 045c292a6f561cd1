"""Access: who a visitor is, what the visitor may do, and whether a login is needed."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.errors import TokenError
from labeling.people.tokens import Person, check, cookie_name
from labeling.store import Role, Store

PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-real-ip",
    *(f"x-forwarded-{n}" for n in ("for", "host", "proto")),
)

UNINVITED = "This Hone asks for an invitation; open the link that its owner has given you."
ENDED = "Your invitation has ended or was revoked; ask the owner of this project for a new one."


@dataclass(frozen=True)
class Visitor:
    """A person who was let in; a local visitor has no `member` and may do everything."""

    name: str
    role: Role
    member: int | None = None


def admit(person: Person, store: Store, *, login: bool) -> Visitor:
    """The visitor of a valid token, according to the team in the store now.

    Raises TokenError if a `login` is needed and the token names no member, and if the member's
    invitation was revoked or renewed, or has expired.
    """
    if person.member is None:
        if login:
            raise TokenError(UNINVITED)
        return Visitor(person.annotator, Role.OWNER)
    member = store.people.get(person.member)
    if member is None or not member.is_active or member.generation != person.generation:
        raise TokenError(ENDED)
    return Visitor(member.name, member.role, member.id)


def recognized(
    key: str, store: Store, cookies: Mapping[str, str], claims: Mapping[str, Any], secret: str
) -> Visitor | None:
    """The member whom a browser's cookie for this project or an identity provider names."""
    try:
        return admit(check(cookies.get(cookie_name(key), ""), secret), store, login=True)
    except TokenError:
        return _by_provider(claims, store)


def _by_provider(claims: Mapping[str, Any], store: Store) -> Visitor | None:
    """The member with the address that the identity provider confirms."""
    email = claims.get("email")
    # Some providers leave it out because they check every address; some send it as text.
    is_checked = claims.get("email_verified", True) in (True, "true")
    if not claims.get("is_logged_in") or not isinstance(email, str) or not is_checked:
        return None
    member = store.people.by_email(email)
    return None if member is None else Visitor(member.name, member.role, member.id)


def is_loopback(address: str | None) -> bool:
    """Whether a server on this address can be reached only from its own machine."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a request may come from another machine or a hostile page.

    It came by a proxy, or asks for another name than this machine's. A hostile page can point its
    own name to 127.0.0.1 (DNS rebinding), and would be let in as the person at the keyboard.
    """
    return any(name in headers for name in PROXY_HEADERS) or not is_loopback(
        _without_port(headers.get("host", ""))
    )


def _without_port(host: str) -> str:
    """The name or address of a Host header."""
    return (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]).lower()
