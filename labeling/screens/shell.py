"""The parts that all screens share: the current project and visitor, the style, the board."""

import getpass
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from labeling.api.classes import CREATE_CLASS
from labeling.api.review import HEAT
from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.people.access import Visitor, recognized
from labeling.people.tokens import Person, for_member, issue
from labeling.store import Role
from labeling.wording import plain
from labeling.workspace import WORKSPACE, configured
from models.encoders.errors import BackboneError

BOARD = Path(__file__).parents[1] / "board"

# Streamlit leaves a wide margin at the top, which a labeling screen needs for images.
STYLE = """
<style>
/* Its CSV would pass names that start as formulas to a spreadsheet; Hone's own CSV does not. */
.stDataFrame [data-testid="stElementToolbarButton"]:has([aria-label="Download as CSV"]) {
  display: none;
}
.stMainBlockContainer { padding: 4rem 1.25rem 1rem; max-width: none; }
/* White letters on the pale blue of the dark theme cannot be read. */
/* Dialogs are not inside the app. */
:is(.stApp, [role=dialog]) button[data-testid^="stBaseButton-primary"]:enabled {
  color: light-dark(#fff, #10131a);
}
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.9rem .6rem .6rem; } }
</style>
"""

LOADER = """
const boards = new WeakMap();
export default function (component) {
  const { data, parentElement } = component;
  const url = new URL(data.script, document.baseURI).href;
  if (!boards.has(parentElement) && !parentElement.querySelector(".board")) {
    const waiting = Object.assign(document.createElement("div"), { className: "board fresh" });
    waiting.append(Object.assign(document.createElement("p"), { textContent: "Loading …" }));
    parentElement.append(waiting);
  }
  const loading = import(url).then((module) => {
    let board = boards.get(parentElement);
    if (!board) boards.set(parentElement, (board = module.mount(parentElement, data)));
    else board.update(data);
    return board;
  });
  return () => loading.then((board) => { board.unmount(); boards.delete(parentElement); });
}
"""


def attempt(action: Callable[[], object], *, again: bool = False) -> None:
    """Carry something out, then show the screen `again` if asked to, or say why it failed."""
    try:
        action()
    except (HoneError, BackboneError) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        if again:
            st.rerun()


def show_table(data: object, **options: Any) -> None:
    """Show a table without row numbers, and nothing where a value is missing."""
    st.dataframe(data, hide_index=True, placeholder="", **options)


def dress() -> None:
    """Apply the app's own spacing."""
    st.html(STYLE)


def needs_login() -> bool:
    """Whether this page is open to other machines, so that only members may see it."""
    return WORKSPACE.needs_login(st.context.headers)


def has_provider() -> bool:
    """Whether an identity provider is set up in the secrets file."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no secrets file
        return False


def visitor(session: Session) -> Visitor | None:
    """The visitor of this page, by the present team; None for somebody without access."""
    if not needs_login():
        return Visitor(_local_name(session), Role.OWNER)
    claims = st.user.to_dict() if has_provider() else {}
    return recognized(
        session.project.key, session.store, st.context.cookies, claims, WORKSPACE.secret
    )


def refreshed(
    session: Session, view: Callable[[Session], None], every: float | None, role: Role
) -> None:
    """Show a part that reruns by itself, for as long as the visitor has the role."""

    def guarded() -> None:
        found = visitor(session)
        if found is None or found.role < role:
            st.rerun()  # the whole page says why
        view(session)

    st.fragment(guarded, run_every=every)()


def current_session() -> Session:
    """The session of this visitor: the one opened last, else the configured one.

    Members of a team share the configured one. Raises HoneError with the reason if it cannot be
    opened.
    """
    chosen = None if needs_login() else st.session_state.get("project")
    session = WORKSPACE.get(chosen) if chosen else None
    return session or WORKSPACE.open(*configured())


def annotator(session: Session) -> str:
    """The name stored with each answer of this visitor."""
    found = visitor(session)
    if found is None:
        st.rerun()  # revoked a moment ago: the page shows it
    return found.name


def _local_name(session: Session) -> str:
    """The name set for the project, else the person's login name on this machine."""
    name = session.store.setting("annotator")
    if name:
        return str(name)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "annotator"


def board(session: Session, mode: str) -> None:
    """Show the browser component in one of its modes: `label`, `grid` or `review`."""
    found = visitor(session)
    if found is None:
        st.rerun()
    _component()(
        key=f"board-{mode}",
        data={
            "mode": mode,
            "script": _script("board"),
            "api": "api",
            "token": issue(_person(session, found), WORKSPACE.secret),
            "project": session.project.key,
            "name": session.project.name,
            "medium": session.project.source.medium,
            "who": found.name,
            "owns": found.role >= Role.OWNER,
            "creates": found.role >= CREATE_CLASS.role,
            "explains": found.role >= HEAT.role,
        },
    )


def _person(session: Session, found: Visitor) -> Person:
    """The person that the board's token stands for."""
    member = None if found.member is None else session.store.people.get(found.member)
    if member is None:
        return Person(session.project.key, found.name)
    return for_member(session.project.folder, member)


def _script(name: str) -> str:
    """The address of one of the board's modules."""
    return f"api/board/{_version()}/{name}.js"


@cache
def _component() -> Any:
    css = "\n".join(file.read_text() for file in sorted(BOARD.rglob("*.css")))
    return st.components.v2.component("hone_board", css=css, js=LOADER)


@cache
def _version() -> str:
    """A version that changes with the board's files, so a browser never mixes old and new ones."""
    digest = hashlib.sha256()
    for file in sorted(BOARD.rglob("*.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
