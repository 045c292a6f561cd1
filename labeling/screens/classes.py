"""The classes' part of the Setup screen: list them, and change one while people label."""

from collections.abc import Callable
from functools import partial
from typing import cast

import pandas as pd
import streamlit as st

from labeling.errors import ClassNameError, HoneError
from labeling.loop.classes import (
    ClassChange,
    carry_out,
    newest_examples,
    preview,
    propose_examples,
)
from labeling.loop.session import Session
from labeling.screens.pictures import picture
from labeling.screens.shell import annotator, attempt
from labeling.store import LabelClass
from labeling.store.class_lists import NameList
from labeling.store.classes import LONGEST_DESCRIPTION, MOST_EXAMPLES
from labeling.wording import amount, listed, plain

PROPOSED, NEWEST, CHOSEN = 10, 6, 4  # examples: offered, of those the newest, ticked at first
PICTURE = 72
FIRST = 12  # names of a list that are shown


def show(session: Session) -> None:
    """The list of classes, the changes of each, and the classes that cannot be chosen now."""
    st.subheader("Classes")
    st.caption(
        "Edit a name, add a line, or delete one, then apply: all of it is one change. Open boards "
        "follow at once."
    )
    _list(session)
    _paste(session)
    classes = session.store.classes.all()
    if classes:
        with st.container(border=True):
            _change(session, classes)
    _others(session)


def _list(session: Session) -> None:
    """The table of the classes: all edits become one change, or none of them does."""
    classes = session.store.classes.all()
    key = f"classes-{hash(tuple(classes))}"
    before = _table(session, classes, key)
    after = st.data_editor(
        before,
        num_rows="dynamic",
        hide_index=True,
        placeholder="",
        disabled=["labels", "description"],
        key=key,
        column_config={
            "id": None,
            "name": st.column_config.TextColumn("class", required=True),
        },
    )
    if st.button("Apply", icon=":material/check:", disabled=after.equals(before)):
        attempt(lambda: _apply(session, classes, after), again=True)


def _table(session: Session, classes: list[LabelClass], key: str) -> pd.DataFrame:
    """The rows of the table; they stay while somebody edits it, as new rows end an edit."""
    kept = st.session_state.get("class-table")
    if kept is not None and kept[0] == key and any(st.session_state.get(key, {}).values()):
        return cast(pd.DataFrame, kept[1])
    counts = session.status().per_class
    rows = [(one.id, one.name, counts.get(one.id, 0), one.description) for one in classes]
    table = pd.DataFrame(rows, columns=["id", "name", "labels", "description"])
    st.session_state["class-table"] = (key, table)
    return table


def _apply(session: Session, classes: list[LabelClass], edited: pd.DataFrame) -> None:
    """Apply all edits in one change; a class that has labels is not removed but named in an error.

    A list that was pasted into one cell becomes a class for each of its lines.
    """
    before = {one.id: one.name for one in classes}
    renamed, names = dict[int, str](), list[str]()
    kept = set[int]()
    for class_id, name in zip(edited["id"], edited["name"].fillna(""), strict=True):
        if pd.isna(class_id):
            names += filter(str.strip, str(name).splitlines())
            continue
        kept.add(int(class_id))
        if len(str(name).splitlines()) > 1:
            raise ClassNameError(
                f"The new name of “{before[int(class_id)]}” has several lines; add a list below."
            )
        if name != before[int(class_id)]:
            renamed[int(class_id)] = str(name)
    removed = tuple(class_id for class_id in before if class_id not in kept)
    _carry_out(session, ClassChange("edit", removed=removed, renamed=renamed, names=tuple(names)))


def _carry_out(session: Session, wanted: ClassChange) -> None:
    preview(session, wanted)  # raises with the reason
    carry_out(session, wanted, annotator(session))


def _paste(session: Session) -> None:
    """A list of names, pasted or from a file, becomes classes after a look at it."""
    turn = st.session_state.setdefault("class-lists", 0)  # a new turn has empty fields
    with st.expander("Add a list of classes", icon=":material/playlist_add:"):
        text = st.text_area("Paste it here, one class a line", key=f"class-list-{turn}")
        file = st.file_uploader(
            "or choose a text file, such as classes.txt", type=["txt"], key=f"class-file-{turn}"
        )
        try:
            lines = text.splitlines() + (
                file.read().decode("utf-8-sig").splitlines() if file else []
            )
        except UnicodeDecodeError:
            st.error("This file is not text in UTF-8; save it as UTF-8.", icon=":material/error:")
            return
        found = session.store.class_lists.sift(lines)
        count = amount(len(found.names), "class", "classes")
        if sentences := _said(found):
            st.info("  \n".join(map(plain, sentences)), icon=":material/visibility:")
        if found.names and st.button(f"Make {count}", type="primary", icon=":material/check:"):
            attempt(lambda: _make(session, found.names, turn), again=True)


def _make(session: Session, names: tuple[str, ...], turn: int) -> None:
    _carry_out(session, ClassChange("edit", names=names))
    st.session_state["class-lists"] = turn + 1


def _said(found: NameList) -> list[str]:
    """What a list of names would become, in sentences."""
    names, more = listed(found.names[:FIRST]), len(found.names) - FIRST
    parts = [
        (found.names, f"New: {names}{f' and {more} more' if more > 0 else ''}."),
        (found.known, f"Classes already: {listed(found.known)}."),
        (found.twice, f"More than once in the list, made once: {listed(found.twice)}."),
    ]
    refused = [f"Left out: “{one.name}”. {one.reason}" for one in found.refused]
    return [text for some, text in parts if some] + refused


def _change(session: Session, classes: list[LabelClass]) -> None:
    """Choose a class and a change, show its effect, and apply it."""
    by_id = {one.id: one for one in classes}
    chosen = by_id[
        st.selectbox("Change a class", list(by_id), format_func=lambda key: by_id[key].name)
    ]
    kind = st.segmented_control("Do", list(FORMS), default="Merge", required=True)
    wanted = FORMS[kind](session, classes, chosen)
    if wanted is None:
        return
    try:
        effect = preview(session, wanted)
    except HoneError as error:
        st.error(str(error), icon=":material/error:")
        return
    text = "  \n".join(plain(sentence) for sentence in effect.sentences)
    (st.warning if effect.certificates else st.info)(text, icon=":material/visibility:")
    verb = {"Key": "Set the key", "Describe": "Save"}.get(kind, f"{kind} “{chosen.name}”")
    if st.button(verb, type="primary", icon=":material/check:", key="change-class"):
        attempt(lambda: carry_out(session, wanted, annotator(session)), again=True)


def _merge(_: Session, classes: list[LabelClass], chosen: LabelClass) -> ClassChange | None:
    others = {one.id: one.name for one in classes if one.id != chosen.id}
    if not others:
        st.caption("There is no other class to merge it with.")
        return None
    into = st.selectbox("into", list(others), format_func=others.__getitem__)
    return ClassChange("merge", chosen.id, into=into)


def _split(_: Session, __: list[LabelClass], chosen: LabelClass) -> ClassChange | None:
    text = st.text_area(
        "into these classes, one per line",
        key=f"split-{chosen.id}",
        placeholder="two or more names",
        height=100,
    )
    names = tuple(name.strip() for name in text.splitlines() if name.strip())
    if len(names) < 2:
        st.caption("Name two or more classes; one may keep the old name.")
        return None
    return ClassChange("split", chosen.id, names=names)


def _archive(_: Session, __: list[LabelClass], chosen: LabelClass) -> ClassChange:
    return ClassChange("archive", chosen.id)


def _move(_: Session, classes: list[LabelClass], chosen: LabelClass) -> ClassChange | None:
    order = [one.id for one in classes]
    place = order.index(chosen.id) + 1
    to = st.number_input("to place", 1, len(order), place, key=f"move-{chosen.id}-{place}")
    if to == place:
        return None
    order.remove(chosen.id)
    order.insert(int(to) - 1, chosen.id)
    return ClassChange("reorder", chosen.id, order=tuple(order))


def _key(_: Session, __: list[LabelClass], chosen: LabelClass) -> ClassChange | None:
    key = st.text_input(
        "Its key: a digit or a letter except U and Z; empty for the usual one",
        chosen.hotkey or "",
        max_chars=1,
        key=f"key-{chosen.id}",
        width=420,
    )
    if key.strip().lower() == (chosen.hotkey or ""):
        return None
    return ClassChange("hotkey", chosen.id, hotkey=key.strip())


def _describe(session: Session, _: list[LabelClass], chosen: LabelClass) -> ClassChange:
    text = st.text_area(
        "What belongs to it, and what does not",
        chosen.description,
        max_chars=LONGEST_DESCRIPTION,
        key=f"about-{chosen.id}",
        height=100,
    )
    proposed = propose_examples(session, chosen.id, PROPOSED)
    newest = newest_examples(session, chosen.id, NEWEST)
    offered = list(dict.fromkeys([*chosen.examples, *proposed, *newest]))
    ticked = chosen.examples or proposed[:CHOSEN]
    if offered:
        st.caption(
            f"Examples, up to {MOST_EXAMPLES}. Offered are those of which the model is surest "
            "and those labeled last."
        )
    examples = []
    with st.container(horizontal=True, gap="small"):
        for key in offered:
            with st.container(width=PICTURE + 8):
                picture(session, key, PICTURE)
                name = f"example {key[:8]}"
                if st.checkbox(
                    name, key in ticked, key=f"{chosen.id}-{key}", label_visibility="collapsed"
                ):
                    examples.append(key)
    return ClassChange("describe", chosen.id, description=text, examples=tuple(examples))


def _others(session: Session) -> None:
    """Archived classes, which can be brought back, and merged ones."""
    everything = session.store.classes.all(archived=True)
    names = {one.id: one.name for one in everything}
    gone = [one for one in everything if not one.active]
    if not gone:
        return
    with st.expander(f"{len(gone)} more, archived or merged", icon=":material/inventory_2:"):
        for one in gone:
            with st.container(horizontal=True, vertical_alignment="center"):
                if one.merged_into is not None:
                    st.markdown(f"{plain(one.name)}: merged into {plain(names[one.merged_into])}")
                    continue
                st.markdown(f"{plain(one.name)}: archived", width="content")
                if st.button("Bring back", icon=":material/unarchive:", key=f"back-{one.id}"):
                    wanted = ClassChange("bring_back", one.id)
                    attempt(partial(carry_out, session, wanted, annotator(session)), again=True)


Form = Callable[[Session, list[LabelClass], LabelClass], ClassChange | None]
FORMS: dict[str, Form] = {
    "Merge": _merge,
    "Split": _split,
    "Archive": _archive,
    "Move": _move,
    "Key": _key,
    "Describe": _describe,
}
