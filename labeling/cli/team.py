"""The team on the command line: invite people, list them, end their access."""

import sys
from contextlib import closing
from datetime import UTC, datetime

import click

from labeling.cli.options import Place, on_project, operator
from labeling.cli.terminal import one_line
from labeling.errors import PersonError
from labeling.people.reach import found
from labeling.people.tokens import for_script
from labeling.project.project import Project
from labeling.store import Member, Role

INVITE_DAYS, TOKEN_DAYS = 14, 30


@click.command
@on_project
@click.option("--name", required=True, help="Stored with each of the person's answers.")
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    default=str(Role.ANNOTATOR),
    show_default=True,
    help="What the person may do.",
)
@click.option(
    "--days",
    type=int,
    default=INVITE_DAYS,
    show_default=True,
    metavar="N",
    help="How long the link is valid.",
)
@click.option("--email", help="The person's address at an identity provider.")
@click.option("--renew", is_flag=True, help="A new link for a person; the earlier one ends.")
@click.option(
    "--url",
    help="Where people reach the server; by default this machine, with the port that is served.",
)
def invite(
    place: Place, name: str, role: str, days: int, email: str | None, renew: bool, url: str | None
) -> None:
    """Invite a person to a project, and print the link.

    The link is printed only once.
    """
    with closing(place.open()) as project:
        store = project.store.people
        if renew:
            member = store.named(name)
            secret = store.renew(member.id, days, by=operator(project))
        else:
            _, secret = store.invite(name, Role.of(role), days, email, by=operator(project))
        if url is not None:
            print(f"{url.rstrip('/')}/join/{secret}")
            return
        serving = found(project.folder)
    link = serving.link(secret)
    if caution := serving.caution(link):
        print(caution, file=sys.stderr)
    print(link)


@click.command
@on_project
def people(place: Place) -> None:
    """List the people of a project.

    Each line has the role, the number of labels, the last visit and the end of the invitation.
    """
    with closing(place.open(new=False)) as project:
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


@click.command
@on_project
@click.option("--name", required=True, help="The person, as invited.")
def revoke(place: Place, name: str) -> None:
    """End a person's access at once; every answer stays."""
    with closing(place.open(new=False)) as project:
        member = project.store.people.named(name)
        project.store.people.revoke(member.id, by=operator(project))
        print(f"{one_line(member.name)} no longer has access.")


@click.command
@on_project
@click.option("--name", default="script", show_default=True, help="Whose answers they are.")
@click.option(
    "--days",
    type=int,
    default=TOKEN_DAYS,
    show_default=True,
    metavar="N",
    help="How long the token is valid.",
)
def token(place: Place, name: str, days: int) -> None:
    """Print a token for a script that labels over HTTP.

    It works while the project is open in the app.
    """
    with closing(place.open(new=False)) as project:
        print(for_script(project.folder, _member_or_name(project, name), days))


def _member_or_name(project: Project, name: str) -> Member | str:
    """The active member of that name; or only the name, for local use."""
    try:
        member = project.store.people.named(name)
    except PersonError:
        return name
    if not member.is_active:
        raise PersonError(f"The invitation of “{member.name}” has ended; renew it first.")
    return member


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _state(one: Member) -> str:
    if one.revoked is not None:
        return "revoked"
    return f"invited until {_day(one.expires)}" if one.is_active else "the invitation has ended"
