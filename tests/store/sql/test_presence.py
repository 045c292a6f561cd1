"""Presence: what happens to a database's files while it is open is noticed with the next write."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labeling.errors import AnswerError, LostError
from labeling.store import Store
from tests.conftest import add_samples, label
from tests.store.conftest import together

ANSWERS = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hone.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with closing(Store(file)) as opened:
        fill(opened)
        yield opened


def fill(store: Store) -> None:
    """Samples and answers, half of them moved from the log into the database."""
    keys = add_samples(store, 2 * ANSWERS)
    cat = store.classes.create("cat").id
    for number, key in enumerate(keys[:ANSWERS]):
        store.answers.append("ann", [label(key, cat, f"c{number}")])
        if number == ANSWERS // 2 and store.path is not None:
            with closing(sqlite3.connect(store.path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def another(file: Path) -> Path:
    """The database of another project."""
    other = file.parent / "other" / file.name
    other.parent.mkdir()
    with closing(Store(other)) as opened:
        fill(opened)
    return other


def copied_over(file: Path) -> None:
    """As `cp` does it: the file stays the same one, with other content."""
    file.write_bytes(another(file).read_bytes())


def zeroed(file: Path) -> None:
    with file.open("r+b") as log:
        log.write(bytes(file.stat().st_size))


ATTACKS: dict[str, Callable[[Path], object]] = {
    "the database is deleted": Path.unlink,
    "the database is emptied": lambda file: file.write_bytes(b""),
    "the database is overwritten with zeros": zeroed,
    "the database is overwritten with text": lambda file: file.write_bytes(b"text" * 100_000),
    "an older copy is copied over it": lambda file: file.write_bytes(file.read_bytes()[:8192]),
    "another database is moved in its place": lambda file: shutil.move(another(file), file),
    "another database is copied over it": copied_over,
    "the log is deleted": lambda file: log_of(file).unlink(),
    "the log is emptied": lambda file: log_of(file).write_bytes(b""),
    "the log is overwritten with zeros": lambda file: zeroed(log_of(file)),
    "the log is overwritten with text": lambda file: log_of(file).write_bytes(b"text" * 100_000),
    "the folder is deleted": lambda file: shutil.rmtree(file.parent),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_lost_with_the_files_is_never_called_stored(
    store: Store, file: Path, attack: str
) -> None:
    keys, cat = store.samples.ids(), store.classes.all()[0].id
    ATTACKS[attack](file)
    for number in range(ANSWERS, ANSWERS + 5):
        with pytest.raises(LostError, match="has to start it again"):
            store.answers.append("ann", [label(keys[number], cat, f"c{number}")])


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_answer_is_refused_for_what_another_database_holds(
    store: Store, file: Path, attack: str
) -> None:
    with pytest.raises(AnswerError):
        store.answers.append("ann", [label("f" * 64, store.classes.all()[0].id)])
    cat = store.classes.all()[0].id
    ATTACKS[attack](file)
    with pytest.raises(LostError, match="has to start it again"):
        store.answers.append("ann", [label("f" * 64, cat)])


def test_an_older_copy_of_the_same_size_that_is_copied_over_it_is_noticed(
    store: Store, file: Path
) -> None:
    """As `cp` does it with a backup. It is the same database, but has fewer answers."""
    keys, cat = store.samples.ids(), store.classes.all()[0].id
    store.answers.marker.keep_in(file.parent)

    def checkpoint() -> int:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
        return file.stat().st_size

    with closing(sqlite3.connect(file)) as connection:  # so that the file has room for more
        connection.execute("CREATE TABLE room AS SELECT zeroblob(300000)")
        connection.execute("DROP TABLE room")
    size = checkpoint()
    older = file.read_bytes()
    store.answers.append("ann", [label(keys[n % 2], cat, f"new{n}") for n in range(300)])
    assert checkpoint() == size
    store.check()
    file.write_bytes(older)
    with pytest.raises(LostError, match="overwritten"):
        store.answers.append("ann", [label(keys[0], cat, "one more")])


def test_nobody_connects_to_a_database_that_is_lost(store: Store, file: Path) -> None:
    log_of(file).unlink()
    store.engine.dispose()
    with pytest.raises(LostError, match="has to start it again"):
        store.answers.count()
    assert not log_of(file).exists()


def test_many_checkpoints_and_other_processes_are_no_loss(store: Store, file: Path) -> None:
    cat = store.classes.all()[0].id
    keys = store.samples.ids()
    size = log_of(file).stat().st_size
    for number in range(60):
        with closing(Store(file)) as peer:
            peer.answers.append("bob", [label(keys[-1], cat, f"b{number}" * 5000)])
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
        store.answers.append("ann", [label(keys[0], cat, f"a{number}" * 5000)])
    assert log_of(file).stat().st_size >= size
    store.check()
    assert store.answers.count() == ANSWERS + 120


def test_a_clean_end_leaves_one_file(store: Store, file: Path) -> None:
    store.close()
    assert [one.name for one in file.parent.glob("*.sqlite*")] == [file.name]


def test_many_threads_that_write_at_once_are_no_loss(store: Store) -> None:
    keys, cat = store.samples.ids(), store.classes.all()[0].id

    def work(number: int) -> None:
        for turn in range(40):
            answer = label(keys[number], cat, f"t{number}-{turn}" * 3000)  # many checkpoints
            store.answers.append("ann", [answer])

    together(work)
    store.check()
    assert store.answers.count() == ANSWERS + 8 * 40
