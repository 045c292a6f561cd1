"""The team on the command line: invite people, list them, shut somebody out."""

import argparse
import socket
from contextlib import closing
from datetime import UTC, datetime

from labeling.cli.options import open_chosen, operator
from labeling.cli.terminal import one_line
from labeling.errors import PersonError
from labeling.project.project import Project
from labeling.store import Member, Role
from labeling.store.log import INVITED, RENEWED, REVOKED

DAYS = 14


def invite(given: argparse.Namespace) -> int:
    """Invite a person to a project that is served; prints the link, which is told this once."""
    with closing(open_chosen(given)) as project:
        store = project.store.people
        if given.renew:
            member = store.named(given.name)
            secret = store.renew(member.id, given.days)
            project.store.log.add(operator(project), RENEWED, member.name)
        else:
            member, secret = store.invite(
                given.name, Role.of(given.role), given.days, email=given.email
            )
            project.store.log.add(operator(project), INVITED, f"{member.name} as {member.role}")
        print(f"{given.url.rstrip('/')}/join/{secret}")
    return 0


def people(given: argparse.Namespace) -> int:
    """List the people of a project: role, labels, when last seen, how long invited."""
    with closing(open_chosen(given, new=False)) as project:
        members, shares = project.store.people.all(), project.store.answers.shares()
    width = max((len(one_line(one.name)) for one in members), default=4) + 2
    for one in members:
        share = shares.get(one.name)
        seen = max(one.seen or 0.0, share.last if share else 0.0)
        print(
            f"{one_line(one.name):{width}}{one.role!s:11}{share.labels if share else 0:8,}  "
            f"{f'seen {_day(seen)}' if seen else 'never seen':17}{_state(one)}"
        )
    if not members:
        print("Nobody is invited yet; begin with “python -m labeling invite --role owner”.")
    return 0


def revoke(given: argparse.Namespace) -> int:
    """Shut a person out at once; every answer stays."""
    with closing(open_chosen(given, new=False)) as project:
        member = project.store.people.named(given.name)
        project.store.people.revoke(member.id)
        project.store.log.add(operator(project), REVOKED, member.name)
        print(f"{one_line(member.name)} can come in no more.")
    return 0


def member_or_name(project: Project, name: str) -> Member | str:
    """The member of that name who may come in, else the name alone, which is for local use."""
    try:
        member = project.store.people.named(name)
    except PersonError:
        return name
    if not member.is_active:
        raise PersonError(f"The invitation of “{member.name}” has ended; renew it first.")
    return member


def add_invite(parser: argparse.ArgumentParser) -> None:
    """Whom to invite, as what, and for how long."""
    parser.add_argument("--name", required=True, help="stored with each of the person's answers")
    parser.add_argument(
        "--role",
        choices=[str(role) for role in Role],
        default=str(Role.ANNOTATOR),
        help="default: annotator",
    )
    parser.add_argument(
        "--days", type=int, default=DAYS, metavar="N", help=f"how long it is good (default: {DAYS})"
    )
    parser.add_argument("--email", help="by which an identity provider knows the person")
    parser.add_argument(
        "--renew", action="store_true", help="a new link for somebody who had one, which ends"
    )
    parser.add_argument(
        "--url",
        default=f"http://{socket.gethostname()}:8501",
        help="where the server is reached (default: %(default)s)",
    )


def add_token(parser: argparse.ArgumentParser) -> None:
    """Whose token, and for how long."""
    parser.add_argument("--name", default="script", help="whose answers they are (default: script)")
    parser.add_argument(
        "--days", type=int, default=30, metavar="N", help="how long it is good for (default: 30)"
    )


def add_revoke(parser: argparse.ArgumentParser) -> None:
    """Whom to shut out."""
    parser.add_argument("--name", required=True, help="the person, as invited")


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _state(one: Member) -> str:
    if one.revoked is not None:
        return "revoked"
    return f"invited until {_day(one.expires)}" if one.is_active else "the invitation has ended"
