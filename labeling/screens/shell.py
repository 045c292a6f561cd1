"""What all screens share: the current project, the current person, the look, the board."""

import getpass
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from labeling.session import Session
from labeling.tokens import Person, issue
from labeling.workspace import WORKSPACE, configured

BOARD = Path(__file__).parents[1] / "board"

# Streamlit leaves a hand's width of air at the top, which a labeling screen needs for images.
STYLE = """
<style>
.stMainBlockContainer { padding: 4rem 1.25rem 1rem; max-width: none; }
/* White letters on the pale blue of the dark theme cannot be read. */
.stApp button[data-testid^="stBaseButton-primary"] { color: light-dark(#fff, #10131a); }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.9rem .6rem .6rem; } }
</style>
"""

LOADER = """
const boards = new WeakMap();
export default function (component) {
  const { data, parentElement } = component;
  const url = new URL(data.script, document.baseURI).href;
  const loading = import(url).then((module) => {
    let board = boards.get(parentElement);
    if (!board) boards.set(parentElement, (board = module.mount(parentElement, data)));
    else board.update(data);
    return board;
  });
  return () => loading.then((board) => { board.unmount(); boards.delete(parentElement); });
}
"""


def dress() -> None:
    """Put the app's own spacing in place."""
    st.html(STYLE)


def current_session() -> Session:
    """The session that this visitor works in: the one opened last, else the configured one.

    Raises HoneError with the reason if it cannot be opened.
    """
    chosen = st.session_state.get("project")
    session = WORKSPACE.get(chosen) if chosen else None
    return session or WORKSPACE.open(*configured())


def annotator(session: Session) -> str:
    """The name stored with each answer: the one set for the project, else that of the login."""
    name = session.store.setting("annotator")
    if name:
        return str(name)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "annotator"


def board(session: Session, mode: str) -> None:
    """Show the browser component in one of its modes: `label` or `grid`."""
    person = Person(session.project.key, annotator(session))
    _component()(
        key=f"board-{mode}",
        data={
            "mode": mode,
            "script": f"api/board/{_version()}/board.js",
            "api": "api",
            "token": issue(person, WORKSPACE.secret),
            "project": session.project.key,
            "name": session.project.name,
        },
    )


@cache
def _component() -> Any:
    css = "\n".join(file.read_text() for file in sorted(BOARD.glob("*.css")))
    return st.components.v2.component("hone_board", css=css, js=LOADER)


@cache
def _version() -> str:
    """Changes with the board's files, so that a browser never mixes old and new ones."""
    digest = hashlib.sha256()
    for file in sorted(BOARD.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
