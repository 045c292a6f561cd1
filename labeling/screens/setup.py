"""The Setup screen in five pages: images, classes, people, model, history."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from labeling.loop.session import Session
from labeling.media import MEDIA
from labeling.pool.manifest import ManifestSource
from labeling.project.pool_labels import IMPORTED, found_labels
from labeling.screens import backbone, classes, history, people
from labeling.screens.shell import annotator, attempt, needs_login, refreshed
from labeling.store import Role
from labeling.wording import amount, code, plain
from labeling.workspace import WORKSPACE
from models.head import HEADS
from models.queries import QUERIES

Option = tuple[str, str, str]  # title, what it means, the method's name
REFRESH_SECONDS = 1
LATEST = 3  # changes beside the classes
MOST_NAMED = 6  # classes of the folders
AUTOMATIC = (
    "Automatic",
    "The simple one first; the larger one once it is better on your own labels.",
    "logistic regression, then MLP",
)


def show(session: Session) -> None:
    """Show one of the five pages; the address names it, so that it can be linked."""
    if error := session.ingest.state.error:
        st.error(plain(error), icon=":material/error:")
    asked = st.query_params.get("page", "")
    page = st.segmented_control(
        "Page",
        list(PAGES),
        default=asked if asked in PAGES else IMAGES,
        required=True,
        label_visibility="collapsed",
        format_func=str.capitalize,
    )
    if page != asked:
        st.query_params["page"] = page
    PAGES[page](session)


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
    refreshed(session, _scanning, REFRESH_SECONDS if session.ingest.busy else None, Role.OWNER)
    problems = session.store.samples.problems()
    if problems:
        with st.expander(f"{len(problems)} files are left out", icon=":material/report:"):
            st.dataframe(pd.DataFrame(problems, columns=["file", "reason"]), hide_index=True)
    _folder_labels(session)
    if not needs_login():  # a team stays with the project of its invitation
        with st.expander("Label other images"):
            _open_form()
        _person(session)


def _scanning(session: Session) -> None:
    """Look for new files now, or how far that is."""
    state = session.ingest.state
    if session.ingest.busy:
        done = amount(state.done, "image") if state.done else "the first images"
        st.info(f"Hone is at {state.stage}: {done} so far …", icon=":material/hourglass_top:")
    elif st.button(
        "Look for new images now",
        icon=":material/sync:",
        help="Files that you added to the folder, changed or took away since Hone started.",
    ):
        attempt(session.look_again, again=True)


def _folder_labels(session: Session) -> None:
    """Offer the labels that the folders of a pool are, with their counts."""
    settings = session.project.settings()
    if isinstance(session.project.source, ManifestSource):
        return  # its labels are imported at the start
    if settings.labels_from_folders:
        imported = session.store.answers.shares().get(IMPORTED)
        count = 0 if imported is None else imported.labels
        st.caption(f"{amount(count, 'label')} from the names of folders, also for new images.")
        if st.button("Import no more of them", icon=":material/folder_off:"):
            session.change(labels_from_folders=False)
            st.rerun()
        return
    found = _found(session)
    if not found:
        return
    some = ", ".join(f"{plain(name)} {count:,}" for name, count in list(found.items())[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    with st.container(border=True):
        st.markdown(
            f"**The folders look like classes:** {amount(sum(found.values()), 'image')} in "
            f"{len(found)} folders: {some}{more}. You can import these names as labels. The "
            "answers of people stay, and open boards go on with the rest."
        )
        if st.button(
            f"Import {amount(sum(found.values()), 'label')} of {len(found)} classes",
            icon=":material/drive_file_move:",
        ):
            session.change(labels_from_folders=True)
            attempt(session.look_again, again=True)


def _found(session: Session) -> dict[str, int]:
    """The labels of the pool's folders, listed once for each state of the pool."""
    key = f"labels-{session.project.key}"
    version = session.ingest.pool_version
    if st.session_state.get(key, (None,))[0] != version:
        st.session_state[key] = version, found_labels(session.project)
    return dict(st.session_state[key][1])


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


def _classes(session: Session) -> None:
    classes.show(session)
    st.caption("Latest changes; History has the others.")
    history.changes(session, LATEST)


def _model(session: Session) -> None:
    _strategy(session)
    backbone.show(session)


IMAGES = "images"
PAGES: dict[str, Callable[[Session], None]] = {
    IMAGES: _pool,
    "classes": _classes,
    "people": people.show,
    "model": _model,
    "history": history.show,
}
