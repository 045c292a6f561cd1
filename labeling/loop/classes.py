"""Change the classes of a running session, and describe the effect beforehand."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labeling.errors import ClassNameError
from labeling.loop.effect import Effect, certificate_names, voided
from labeling.loop.session import Session
from labeling.store import Entry, LabelClass
from labeling.wording import amount, listed

LATELY = 600.0  # a person who used a class in the last so many seconds is labeling with it


@dataclass(frozen=True)
class ClassChange:
    """A wanted change. Its `kind` decides which fields count.

    `into` is the class to merge into, `name` the name of a new or renamed class, `names` the names
    of the parts of a split, `order` the ids of all classes, `examples` ids of samples. An “edit” is
    many changes in one: classes `removed`, others `renamed`, and new ones with these `names`.
    """

    kind: str
    class_id: int = 0
    into: int = 0
    name: str = ""
    names: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    hotkey: str = ""
    description: str = ""
    examples: tuple[str, ...] = ()
    removed: tuple[int, ...] = ()
    renamed: dict[int, str] = field(default_factory=dict)


def preview(session: Session, wanted: ClassChange) -> Effect:
    """The effect of a change now; raises what `carry_out` would raise, and changes nothing."""
    effect = _effect(session, wanted)
    with session.store.trial():
        _act(session, wanted)
    return effect


def _effect(session: Session, wanted: ClassChange) -> Effect:
    """The effect of a change that is possible."""
    if wanted.kind == "create":
        return Effect((f"“{wanted.name}” can be chosen from now on.",))
    if wanted.kind == "reorder":
        return Effect(("The keys of the classes follow their order.",))
    if wanted.kind == "edit":
        return _edited(session, wanted)
    one = _known(session, wanted.class_id)
    if wanted.kind in ("merge", "split", "archive"):
        return _reshaped(session, wanted, one)
    labels = session.status().per_class.get(one.id, 0)
    key = f"the key {wanted.hotkey.upper()}" if wanted.hotkey else "its usual key"
    texts = {
        "rename": f"{amount(labels, 'label')} of “{one.name}” will be called “{wanted.name}”.",
        "bring_back": f"“{one.name}” can be chosen again; {amount(labels, 'label')} of it will "
        "teach the model.",
        "hotkey": f"“{one.name}” gets {key} for everybody who has not chosen another key.",
        "describe": f"Everybody sees it with “{one.name}”.",
    }
    if wanted.kind not in texts:
        raise _unknown(wanted)
    return Effect((texts[wanted.kind],), labels)


def _edited(session: Session, wanted: ClassChange) -> Effect:
    """What an edited table of classes would do; a class with labels is not removed."""
    labels = session.status().per_class
    removed = [_known(session, class_id) for class_id in wanted.removed]
    if labeled := [f"“{one.name}”" for one in removed if labels.get(one.id)]:
        verb = "has" if len(labeled) == 1 else "have"
        raise ClassNameError(
            f"{listed(labeled)} still {verb} labels; merge, split or archive instead."
        )
    parts = [
        ("removed", [one.name for one in removed]),
        ("renamed", [_known(session, class_id).name for class_id in wanted.renamed]),
        ("created", wanted.names),
    ]
    return Effect(
        tuple(
            f"{amount(len(names), 'class', 'classes')} {done}: {listed(names)}."
            for done, names in parts
            if names
        )
    )


def _reshaped(session: Session, wanted: ClassChange, one: LabelClass) -> Effect:
    """The effect of a merge, a split or archiving."""
    target = _known(session, wanted.into) if wanted.kind == "merge" else None
    classes = [one.id, target.id] if target is not None else [one.id]
    reach = session.store.reshaping.reach(classes, split=wanted.kind == "split")
    labels = amount(reach.labels, "label")
    if target is not None:
        text = f"{labels} of “{one.name}” will count as “{target.name}”, and later labels too."
    elif wanted.kind == "split":
        asked = session.project.medium.amount(reach.samples)
        text = (
            f"{labels} of “{one.name}” will not count; {asked} will be asked again first, without "
            "a guess and without the old label, which stays in the history. The new choices: "
            f"{listed(wanted.names)}."
        )
    else:
        text = f"Nobody can choose “{one.name}”; {labels} of it stay but do not train the model."
    void = reach.void if wanted.kind == "split" else reach.running
    sentences = [text, _working(session, one), voided(void)]
    if wanted.kind == "merge" and set(reach.void) - set(reach.running):
        kept = [str(key) for key in reach.void if key not in reach.running]
        sentences.append(
            f"{certificate_names(kept)} {'stays' if len(kept) == 1 else 'stay'} true: "
            "a merge makes no right guess wrong."
        )
    return Effect(tuple(filter(None, sentences)), reach.labels, void)


def carry_out(session: Session, wanted: ClassChange, by: str) -> Entry:
    """Change the classes and return the entry of the log; open boards follow at once."""
    with session.reshaping():
        _act(session, wanted, by)
        made = session.store.log.get(session.store.log.version())
    assert made is not None  # it has just been written
    return made


def _act(session: Session, wanted: ClassChange, by: str = "") -> None:
    classes, reshaping = session.store.classes, session.store.reshaping
    actions: Mapping[str, Callable[[], Any]] = {
        "create": lambda: classes.create(wanted.name, by),
        "edit": lambda: session.store.class_lists.edit(
            wanted.removed, wanted.renamed, wanted.names, by
        ),
        "rename": lambda: classes.rename(wanted.class_id, wanted.name, by),
        "merge": lambda: reshaping.merge(wanted.class_id, wanted.into, by),
        "split": lambda: reshaping.split(wanted.class_id, wanted.names, by),
        "archive": lambda: classes.archive(wanted.class_id, by),
        "bring_back": lambda: classes.bring_back(wanted.class_id, by),
        "reorder": lambda: classes.reorder(wanted.order, by),
        "hotkey": lambda: classes.set_hotkey(wanted.class_id, wanted.hotkey, by),
        "describe": lambda: classes.describe(
            wanted.class_id, wanted.description, wanted.examples, by
        ),
    }
    if wanted.kind not in actions:
        raise _unknown(wanted)
    actions[wanted.kind]()


def propose_examples(session: Session, class_id: int, count: int) -> tuple[str, ...]:
    """Good examples of a class: its labeled samples of which the model is surest."""
    round_ = session.round
    labeled = [
        key
        for key, one in session.labels().items()
        if one.class_id == class_id and key in session.current.sample_index
    ]
    if round_ is None or round_.head is None:
        return tuple(labeled[:count])
    rows = round_.table.rows(labeled)
    known = [(key, row) for key, row in zip(labeled, rows.tolist(), strict=True) if row >= 0]
    if class_id not in round_.head.classes or not known:
        return tuple(labeled[:count])
    proba = round_.predict(rows[rows >= 0])
    sure = proba[:, round_.head.classes.tolist().index(class_id)]
    return tuple(known[place][0] for place in (-sure).argsort(kind="stable")[:count])


def newest_examples(session: Session, class_id: int, count: int) -> tuple[str, ...]:
    """The samples of a class that were labeled last: a good example was often seen recently."""
    labeled = [one for one in session.labels().values() if one.class_id == class_id]
    newest = sorted(labeled, key=lambda one: -one.id)
    return tuple(one.sample_id for one in newest if one.sample_id in session.current.sample_index)[
        :count
    ]


def _working(session: Session, one: LabelClass) -> str:
    """The people who label with a class now."""
    users = [
        name
        for name in session.store.reshaping.users(one.id, time.time() - LATELY)
        if name != "import"
    ]
    boards = session.store.leases.holders()
    verb = "labels" if len(users) == 1 else "label"
    with_it = f"{listed(users)} {verb} with “{one.name}” now." if users else ""
    follow = "follows" if boards == 1 else "follow"
    all_boards = f"{amount(boards, 'open board')} {follow} at once." if boards else ""
    return f"{with_it} {all_boards}".strip()


def _known(session: Session, class_id: int) -> LabelClass:
    for one in session.store.classes.all(archived=True):
        if one.id == class_id:
            return one
    raise ClassNameError(f"There is no class {class_id} any more.")


def _unknown(wanted: ClassChange) -> ClassNameError:
    return ClassNameError(f"“{wanted.kind}” is not a change of a class.")
