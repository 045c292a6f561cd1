"""Any sequence of changes can be undone, and any moment gone back to; no answer is ever lost."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.answers.consensus import current
from labeling.errors import AnswerError, ClassNameError, HistoryError
from labeling.store import NewAnswer, Store
from tests.conftest import add_samples, label

NAMES = ("cat", "dog", "fox", "owl")
SAMPLES = 5
Fresh = Callable[[], AbstractContextManager[Store]]


TRIES = count()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Makes stores of five samples and four classes, each a copy of the first."""
    folder = tmp_path_factory.mktemp("stores")
    first = Store(folder / "first.sqlite")
    add_samples(first, SAMPLES)
    for name in NAMES:
        first.classes.create(name)
    first.close()

    @contextmanager
    def copy() -> Iterator[Store]:
        file = folder / f"{next(TRIES)}.sqlite"
        shutil.copy(folder / "first.sqlite", file)
        store = Store(file)
        with closing(store.engine.raw_connection()) as connection:  # the one that all will take
            connection.cursor().execute("PRAGMA synchronous=OFF")  # hundreds need no disk
        yield store
        store.close()

    return copy


def state(store: Store) -> tuple[object, ...]:
    """What counts: every class that can be chosen, and the class of each labeled sample."""
    classes = tuple(store.classes.all())
    answers = current(store.answers.standing())
    return classes, {key: (one.kind, one.class_id) for key, one in answers.items()}


def act(store: Store, ids: list[str], step: tuple[str, int, int, int]) -> None:
    """One thing that people do; what is not possible just then is left out."""
    what, first, second, third = step
    classes = [one.id for one in store.classes.all()]
    if what == "create":
        store.classes.create(NAMES[first] + ("" if second else " 2"))
    elif what in ("answer", "undo"):
        given = store.answers.all()
        if what == "undo" and given and given[-1].kind != "undo":
            last = given[-1]
            undo = NewAnswer(f"u{last.id}", last.sample_id, "undo", undoes=last.client_id)
            store.answers.append(last.annotator, [undo])
        elif classes:
            chosen = classes[third % len(classes)]
            number = store.answers.count()
            new = label(ids[first], chosen, f"c{number}")
            store.answers.append("ann" if second else "bob", [new])
    elif classes:
        one, other = classes[first % len(classes)], classes[second % len(classes)]
        if what == "rename":
            store.classes.rename(one, NAMES[third] + " again")
        elif what == "merge":
            store.reshaping.merge(one, other)
        elif what == "split":
            store.reshaping.split(one, [NAMES[second], f"{NAMES[third]} part"])
        elif what == "archive":
            store.classes.archive(one)
        elif what == "reorder":
            store.classes.reorder([*classes[1:], *classes[:1]])
        elif what == "key":
            store.classes.set_hotkey(one, "qwer"[third])
        elif what == "describe":
            store.classes.describe(one, f"text {third}", [ids[second]])


CLASS_STEPS = ("create", "rename", "merge", "split", "archive", "reorder", "key", "describe")
CHANGES = st.tuples(
    st.sampled_from(CLASS_STEPS), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)
)
STEPS = st.tuples(
    st.sampled_from(
        [
            "create",
            "answer",
            "answer",
            "undo",
            "rename",
            "merge",
            "split",
            "archive",
            "reorder",
            "key",
            "describe",
        ]
    ),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
)


def play(store: Store, ids: list[str], steps: list[tuple[str, int, int, int]]) -> None:
    for step in steps:
        try:
            act(store, ids, step)
        except (ClassNameError, AnswerError):
            continue


@settings(max_examples=15, deadline=None)
@given(
    st.lists(STEPS, max_size=8),
    st.lists(CHANGES, max_size=6),
)
def test_undoing_every_change_in_turn_brings_back_what_counted(
    fresh: Fresh, before: list[tuple[str, int, int, int]], changes: list[tuple[str, int, int, int]]
) -> None:
    with fresh() as store:
        ids = store.samples.ids()
        play(store, ids, before)
        expected, since = state(store), store.log.version()
        play(store, ids, changes)
        made = [one for one in store.log.all() if one.id > since]
        for entry in reversed(made):
            store.history.undo(entry.id, "olga")
        assert state(store) == expected


@settings(max_examples=15, deadline=None)
@given(
    st.lists(STEPS, max_size=6),
    st.lists(STEPS, max_size=6),
    st.lists(STEPS, max_size=4),
    st.data(),
)
def test_a_rewind_brings_back_any_moment_and_its_undo_the_present(
    fresh: Fresh,
    before: list[tuple[str, int, int, int]],
    middle: list[tuple[str, int, int, int]],
    after: list[tuple[str, int, int, int]],
    data: st.DataObject,
) -> None:
    with fresh() as store:
        ids = store.samples.ids()
        moments = []
        for part in (before, middle, after):
            moments.append((store.history.at(time.time()), state(store)))
            play(store, ids, part)
            time.sleep(0.002)  # so that the clock tells the moments apart
            if data.draw(st.booleans()):
                moment, then = data.draw(st.sampled_from(moments))
                present, count = state(store), store.answers.count()
                try:
                    store.history.rewind(moment, "olga")
                except HistoryError:
                    assert present == then
                    continue
                assert state(store) == then
                assert store.answers.count() == count  # nothing is ever deleted
                if data.draw(st.booleans()):
                    store.history.undo(store.log.version(), "olga")
                    assert state(store) == present
