"""Labels that come with a pool: however many classes they name, a few statements create them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from labeling.pool.scan import scan
from labeling.project.pool_labels import import_labels
from labeling.project.project import open_project
from labeling.store.samples import FileRecord
from tests.conftest import picture


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements that are sent in the block."""
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@dataclass
class Imported:
    """What an import has sent to the database, and what is in it then."""

    sent: int
    answers: int
    classes: list[str]
    problems: list[str]
    changes: int


def imported(place: Path, names: Sequence[str]) -> Imported:
    """Import one image for each name, from the folder of that name."""
    for number, name in enumerate(names):
        (place / "pool" / name).mkdir(parents=True, exist_ok=True)
        picture(number).resize((8, 8)).save(place / "pool" / name / f"{number}.png")
    project = open_project(place / "pool", place / "project")
    store, files = project.store, list(scan(project.source, {}))
    store.samples.add(
        [FileRecord(f.path, f.sample_id, f.size, f.mtime_ns, f.problem) for f in files], "image"
    )
    with counted(store.engine) as sent:
        assert import_labels(project, files)
    told = Imported(
        len(sent),
        len(store.answers.ever_answered(store.samples.ids())),
        [one.name for one in store.classes.all()],
        [one.problem for one in store.samples.files().values() if one.problem is not None],
        len(store.log.all()),
    )
    project.close()
    return told


def test_many_classes_of_a_pool_are_one_change_of_hardly_more_statements(tmp_path: Path) -> None:
    few = imported(tmp_path / "few", [f"c{number % 2}" for number in range(40)])
    many = imported(tmp_path / "many", [f"c{number:02}" for number in range(40)])
    assert many.classes == [f"c{number:02}" for number in range(40)]
    assert few.answers == many.answers == 40
    assert few.changes == many.changes == 1
    assert many.sent <= few.sent + 5


def test_a_label_that_can_be_no_class_leaves_the_others_alone(tmp_path: Path) -> None:
    told = imported(tmp_path, ["cat", "c\u0430t", "dog"])  # the second looks like the first
    assert (told.answers, told.classes) == (2, ["cat", "dog"])
    assert len(told.problems) == 1 and "looks like the class “cat”" in told.problems[0]
