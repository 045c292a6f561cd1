"""The classes' part of the Setup screen: list them, and change one while people label."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from labeling.errors import HoneError
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
from labeling.store.classes import LONGEST_DESCRIPTION, LONGEST_NAME, MOST_EXAMPLES
from labeling.wording import plain

PROPOSED, NEWEST, CHOSEN = 10, 6, 4  # examples: offered, of those the newest, ticked at first
PICTURE = 72


def show(session: Session) -> None:
    """The list of classes, the changes of each, and the classes that cannot be chosen now."""
    st.subheader("Classes")
    st.caption(
        "In the order of their keys. Edit a name, add a line, or delete one, then apply. Open "
        "boards follow at once."
    )
    _list(session)
    classes = session.store.classes.all()
    if classes:
        with st.container(border=True):
            _change(session, classes)
    _others(session)


def _list(session: Session) -> None:
    counts, classes = session.status().per_class, session.store.classes.all()
    before = pd.DataFrame(
        [(one.id, one.name, counts.get(one.id, 0), one.description) for one in classes],
        columns=["id", "name", "labels", "description"],
    )
    after = st.data_editor(
        before,
        num_rows="dynamic",
        hide_index=True,
        disabled=["labels", "description"],
        key=f"classes-{hash(tuple(classes))}",
        column_config={
            "id": None,
            "name": st.column_config.TextColumn("class", required=True, max_chars=LONGEST_NAME),
        },
    )
    if st.button("Apply", icon=":material/check:", disabled=after.equals(before)):
        attempt(lambda: _apply(session, classes, counts, after), again=True)


def _apply(
    session: Session, classes: list[LabelClass], counts: dict[int, int], edited: pd.DataFrame
) -> None:
    """Apply the edits; a class that has labels is not removed but named in an error."""
    rows = [
        (None if pd.isna(class_id) else int(class_id), str(name))
        for class_id, name in zip(edited["id"], edited["name"], strict=True)
    ]
    kept = {class_id for class_id, _ in rows}
    removed = [one for one in classes if one.id not in kept]
    if labeled := [one.name for one in removed if counts.get(one.id)]:
        raise HoneError(
            f"{', '.join(labeled)} still has labels; merge, split or archive it below instead."
        )
    names, by = {one.id: one.name for one in classes}, annotator(session)
    changes = [ClassChange("archive", one.id) for one in removed]
    for class_id, name in rows:
        if class_id is None:
            changes.append(ClassChange("create", name=name))
        elif name != names[class_id]:
            changes.append(ClassChange("rename", class_id, name=name))
    for one in changes:
        carry_out(session, one, by)


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
        "Its key: a digit or a letter except U and Z; empty for the key of its place",
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
            f"Examples, up to {MOST_EXAMPLES}. Offered are the images of which the model is surest "
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
