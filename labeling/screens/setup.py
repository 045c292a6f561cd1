"""The Setup screen: which images, which classes, how samples are picked, who labels."""

import pandas as pd
import streamlit as st

from labeling.loop.session import Session
from labeling.media import MEDIA
from labeling.screens import backbone, classes, history, people
from labeling.screens.shell import annotator, attempt, needs_login
from labeling.wording import code, plain
from labeling.workspace import WORKSPACE
from models.head import HEADS
from models.queries import QUERIES

Option = tuple[str, str, str]  # title, what it means, the method's name
AUTOMATIC = (
    "Automatic",
    "The simple one first; the larger one once it is better on your own labels.",
    "logistic regression, then MLP",
)


def show(session: Session) -> None:
    """Show all choices of a project."""
    if error := session.ingest.state.error:
        st.error(plain(error), icon=":material/error:")
    left, right = st.columns(2, gap="large")
    with left:
        _pool(session)
        classes.show(session)
    with right:
        _strategy(session)
        if not needs_login():
            _person(session)
    people.show(session)
    history.show(session)
    backbone.show(session)


def show_without_project(reason: str) -> None:
    """Say why the configured images cannot be opened, and ask for others."""
    st.title("Hone cannot open these images")
    st.error(plain(reason), icon=":material/folder_off:")
    _open_form()


def _pool(session: Session) -> None:
    st.subheader("Images")
    st.markdown(
        f"**{session.status().total:,}** different images "
        f"in {code(session.project.source.location)}  \n"
        f"All labels and settings are in {code(session.project.folder)}"
    )
    problems = session.store.samples.problems()
    if problems:
        with st.expander(f"{len(problems)} files are left out", icon=":material/report:"):
            st.dataframe(pd.DataFrame(problems, columns=["file", "reason"]), hide_index=True)
    _folder_labels(session)
    if not needs_login():  # a team stays with the project of its invitation
        with st.expander("Label other images"):
            _open_form()


def _folder_labels(session: Session) -> None:
    wanted = st.toggle(
        "Import the folder names as labels",
        session.project.settings().labels_from_folders,
        help="An image in `cat/` gets an imported answer “cat”. People's answers stay.",
    )
    if wanted != session.project.settings().labels_from_folders:
        session.change(labels_from_folders=wanted)
        WORKSPACE.reopen(session)
        st.rerun()


def media_help() -> str:
    """Which files can be labeled."""
    return "\n".join(f"- {name}: {', '.join(sorted(one.suffixes))}" for name, one in MEDIA.items())


def _open_form() -> None:
    with st.form("open", border=False):
        path = st.text_input(
            "A folder, a zip, or a CSV with a column “path”, on this machine",
            placeholder="/home/me/photos",
        )
        st.caption(media_help())
        if st.form_submit_button("Open", icon=":material/folder_open:") and path.strip():
            attempt(lambda: _open(path.strip()))


def _open(path: str) -> None:
    st.session_state["project"] = WORKSPACE.open(path).project.key
    start_page = st.session_state.get("start_page")
    if start_page is None:  # no project could be opened before
        st.rerun()
    st.switch_page(start_page)


def _strategy(session: Session) -> None:
    st.subheader("Which images come next")
    settings = session.project.settings()
    query = _choice("What comes next", query_options(), settings.query)
    share = st.slider(
        "Blind checks",
        0,
        30,
        round(settings.audit_share * 100),
        format="%d%%",
        help="This share of images is drawn at random and shown without a guess. The "
        "accuracy is measured on these images.",
    )
    head = _choice("The model", head_options(), settings.head)
    chosen = {"query": query, "audit_share": share / 100, "head": head}
    if any(getattr(settings, name) != value for name, value in chosen.items()):
        session.change(**chosen)


def query_options() -> dict[str, Option]:
    """The ways to choose what comes next: each with its title, meaning and method's name."""
    return {name: (one.title, one.words, one.method) for name, one in QUERIES.items()}


def head_options() -> dict[str, Option]:
    """The kinds of models in the same form; the automatic choice comes first."""
    kinds = {name: (one.title, one.words, one.method) for name, one in HEADS.items()}
    return {"auto": AUTOMATIC} | kinds


def _choice(title: str, options: dict[str, Option], current: str) -> str:
    """A list to choose from; below it the meaning of the choice and the method's name."""
    names = list(options)
    index = names.index(current) if current in names else 0
    name = st.selectbox(title, names, index=index, format_func=lambda name: options[name][0])
    _, words, method = options[name]
    st.caption(f"{words}  \nDetails: {method}")
    return str(name)


def _person(session: Session) -> None:
    st.subheader("Annotator")
    name = st.text_input("Your name, stored with each of your answers", annotator(session))
    if name.strip() and name.strip() != annotator(session):
        session.store.set("annotator", name.strip()[:80])
