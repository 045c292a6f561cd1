"""The Setup screen in five pages: images, classes, people, model, history."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from labeling.loop.session import Session
from labeling.project.pool_labels import IMPORTED, wanted
from labeling.screens import backbone, classes, history, people, pool_map, uploading
from labeling.screens.controls import bound, percents, share
from labeling.screens.opening import open_form
from labeling.screens.shell import annotator, attempt, needs_login, refreshed, show_table
from labeling.store import Role
from labeling.wording import amount, code, plain
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
    asked = st.query_params.get("page", IMAGES)
    # Another default would make another control of it, which forgets what was chosen.
    first = st.session_state.setdefault("first-setup-page", asked if asked in PAGES else IMAGES)
    page = st.segmented_control(
        "Page",
        list(PAGES),
        default=first,
        required=True,
        label_visibility="collapsed",
        format_func=lambda one: _title(session, one),
    )
    if page != asked:
        st.query_params["page"] = page
    PAGES[page](session)


def _title(session: Session, page: str) -> str:
    """What a page is called; the address of the first is the same in all media."""
    return (session.project.medium.many if page == IMAGES else page).capitalize()


def _pool(session: Session) -> None:
    medium = session.project.medium
    st.subheader(medium.many.capitalize())
    was_busy = session.ingest.busy
    refreshed(
        session,
        partial(_scanning, was_busy=was_busy),
        REFRESH_SECONDS if was_busy else None,
        Role.OWNER,
    )
    problems = session.store.samples.problems()
    if problems:
        with st.expander(f"Left out: {amount(len(problems), 'file')}", icon=":material/report:"):
            show_table(pd.DataFrame(problems, columns=["file", "reason"]))
    _pool_labels(session)
    uploading.show(session)
    if not needs_login():  # a team stays with the project of its invitation
        with st.expander("Label others"):
            open_form()
        _person(session)


def _scanning(session: Session, was_busy: bool) -> None:
    """The images, and a button that looks for new files, or how far that is."""
    if was_busy and not session.ingest.busy:
        st.rerun()  # the rest of the page has changed too
    st.markdown(
        f"**{session.status().total:,}** different {session.project.medium.many} "
        f"in {code(session.project.source.location)}  \n"
        f"All labels and settings are in {code(session.project.folder)}"
    )
    state = session.ingest.state
    if session.ingest.busy:
        medium = session.project.medium
        done = medium.amount(state.done) if state.done else f"the first {medium.many}"
        st.info(f"Hone is at {state.stage}: {done} so far …", icon=":material/hourglass_top:")
    elif st.button(
        f"Look for new {session.project.medium.many} now",
        icon=":material/sync:",
        help="Files that you added to the folder, changed or took away since Hone started.",
    ):
        attempt(session.look_again, again=True)


def _pool_labels(session: Session) -> None:
    """Offer the labels that the pool has, with their counts, or say what was decided."""
    found, decision = session.ingest.found, wanted(session.project)
    many = session.project.medium.many
    offered = session.ingest.state.labels_found
    if decision:
        imported = session.store.answers.shares().get(IMPORTED)
        count = 0 if imported is None else imported.labels
        st.caption(f"{amount(count, 'label')} came with the {many}; new {many} bring theirs too.")
        if st.button("Import no more of them", icon=":material/label_off:"):
            _decide(session, False)
    elif decision is None and offered:
        names = list(found.most_common(MOST_NAMED))
        some = ", ".join(f"{plain(name)} {count:,}" for name, count in names)
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        with st.container(border=True):
            st.markdown(
                f"**{session.project.source.labels_in}:** "
                f"{session.project.medium.amount(offered)} in "
                f"{amount(len(found), 'class', 'classes')}: {some}{more}. Import them as labels? "
                "The answers of people stay, and open boards go on with the rest."
            )
            yes, no = st.columns([1, 3])
            if yes.button(f"Import {amount(offered, 'label')}", type="primary"):
                _decide(session, True)
            if no.button("No, they are something else"):
                _decide(session, False)
    elif (
        decision is False
        and found
        and st.button(f"Import {amount(found.total(), 'label')} that came with the {many}")
    ):
        _decide(session, True)


def _decide(session: Session, wants: bool) -> None:
    session.change(pool_labels=wants)
    attempt(session.look_again, again=True)


def _strategy(session: Session) -> None:
    many = session.project.medium.many
    st.subheader(f"Which {many} come next")
    _choice(session, "What comes next", query_options(), "query")
    st.slider(
        "Blind checks",
        0,
        30,
        format="%d%%",
        help=f"This share of {many} is drawn at random and shown without a guess. The accuracy "
        "is measured on these.",
        **bound(session, "audit_share", percents, share),
    )
    _choice(session, "The model", head_options(), "head")
    with st.expander("Details"):
        st.caption(pool_map.ABOUT)
        _choice(session, f"Learn from {many} without labels too", pool_map_options(), "pool_map")
        every = REFRESH_SECONDS if session.mapper.share is not None else None
        refreshed(session, pool_map.state, every, Role.OWNER)


def query_options() -> dict[str, Option]:
    """The ways to choose what comes next: each with its title, meaning and method's name."""
    return {name: (one.title, one.words, one.method) for name, one in QUERIES.items()}


def head_options() -> dict[str, Option]:
    """The kinds of models in the same form; the automatic choice comes first."""
    kinds = {name: (one.title, one.words, one.method) for name, one in HEADS.items()}
    return {"auto": AUTOMATIC} | kinds


def pool_map_options() -> dict[str, Option]:
    """Whether the model learns from images without labels too, in the same form."""
    return {name: (*words, pool_map.METHOD) for name, words in pool_map.POOL_MAPS.items()}


def _choice(session: Session, title: str, options: dict[str, Option], setting: str) -> None:
    """A list to choose from; below it the meaning of the choice and the method's name."""
    names = list(options)
    known = partial(_known, names)
    name = st.selectbox(
        title,
        names,
        format_func=lambda name: options[name][0],
        **bound(session, setting, known),
    )
    _, words, method = options[name]
    st.caption(f"{words}  \nDetails: {method}")


def _known(names: list[str], name: str) -> str:
    """The name, or the first one in place of a name of another version."""
    return name if name in names else names[0]


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
