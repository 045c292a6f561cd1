"""Exports of real projects: what is written equals the store, and nothing else is touched."""

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.errors import ExportError
from labeling.exchange.exports import as_download, export
from labeling.exchange.formats import FORMATS
from labeling.exchange.formats.csv import from_cell, read_classes, read_csv
from labeling.exchange.formats.jsonl import read_jsonl, to_json
from labeling.exchange.names import file_name, folder_names, safe_name
from labeling.exchange.records import Event, Record
from labeling.pool.scan import scan
from labeling.project.project import Project, open_project
from labeling.spreadsheet import to_cell
from labeling.store import Answer, NewAnswer, Offer, RoundRecord
from labeling.store.samples import FileRecord
from tests.conftest import standing

PATHS = ["a/x.png", "a/y.png", "b/x.png", "b/Ünï code.png", "c/z.png", "c/w.png", "=cmd.png"]
Read = Callable[[Path], list[Record]]


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def fill(folder: Path, paths: list[str]) -> Path:
    for seed, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(picture(seed))
    return folder


def scanned(pool: Path, folder: Path) -> Project:
    """A new project whose files are in the store, without a model."""
    project = open_project(pool, folder)
    project.store.samples.add(
        FileRecord(file.path, file.sample_id, file.size, file.mtime_ns, file.problem)
        for file in scan(project.source, {})
    )
    return project


def label(project: Project, path: str, name: str | None, kind: str = "label") -> None:
    """Answer one file; the client id is the path and the kind."""
    store = project.store
    sample_id = store.samples.files()[path].sample_id
    assert sample_id is not None
    class_id = None if name is None else store.classes.ensure(name).id
    new = NewAnswer(f"{path} {name} {kind}", sample_id, kind, class_id, seconds=1.25)
    store.answers.append("Zoë", [new])


def lived_in(project: Project) -> None:
    """Answers of every kind: predicted, imported, undone, given anew; and every kind of class."""
    store = project.store
    cat, dog = store.classes.create("cat"), store.classes.create('=dog, "the"\n')
    store.classes.create("never used")
    store.rounds.add(RoundRecord(1, 5.0, 0, "backbone", "margin", "1.npz", {}, {}))
    keys = {path: file.sample_id or "" for path, file in store.samples.files().items()}
    store.leases.claim(
        "tab", [Offer(keys["a/x.png"], "margin", 1, -0.125, 0.1, dog.id, 0.1 + 0.2, True)], 1
    )
    label(project, "a/x.png", "cat")
    label(project, "a/y.png", "cat")
    undone = NewAnswer("undo", keys["a/y.png"], "undo", undoes="a/y.png cat label")
    store.answers.append("Zoë", [undone])
    label(project, "b/x.png", "cat")
    label(project, "b/x.png", dog.name)
    label(project, "b/Ünï code.png", None, "skip")
    label(project, "c/z.png", None, "unsure")
    store.answers.append(
        "@import", [NewAnswer("i", keys["=cmd.png"], "label", cat.id, source="imported")]
    )
    label(project, "a/y.png", "was a class")
    store.classes.archive(store.classes.ensure("was a class").id)


def lived_in_project(folder: Path) -> Project:
    pool = fill(folder / "pool", PATHS)
    (pool / "a/copy.png").write_bytes((pool / "a/x.png").read_bytes())
    project = scanned(pool, folder / "project")
    lived_in(project)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that a test may change, in its tmp_path."""
    opened = lived_in_project(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The same project for tests that only read it."""
    opened = lived_in_project(tmp_path_factory.mktemp("settled"))
    yield opened
    opened.close()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of an export but the marker, by its path."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    found = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
    found.pop("hone-export.json", None)
    return found


def agrees(record: Record, answer: Answer, names: dict[int | None, str | None]) -> bool:
    """Whether a record says all that the answer in the store says."""
    assert record.answered_at is not None
    return abs(record.answered_at.timestamp() - answer.at) < 2e-6 and (
        record.label,
        record.kind,
        record.class_id,
        record.annotator,
        record.seconds,
        record.source,
        record.predicted,
        record.confidence,
        record.shown,
        record.round,
        record.query,
        record.score,
        record.acquisition_probability,
        record.sha256,
    ) == (
        names[answer.class_id],
        answer.kind,
        answer.class_id,
        answer.annotator,
        answer.seconds,
        answer.source,
        names[answer.predicted_class],
        answer.predicted_confidence,
        answer.shown,
        answer.round_id,
        answer.query,
        answer.score,
        answer.acquisition_probability,
        answer.sample_id,
    )


def names_of(project: Project) -> dict[int | None, str | None]:
    return {None: None} | project.store.classes.names()


@pytest.mark.parametrize(
    ("format", "file", "read"),
    [
        ("csv", "labels.csv", read_csv),
        ("jsonl", "labels.jsonl", read_jsonl),
        ("folders", "labels.csv", read_csv),
    ],
)
def test_the_current_labels_read_back_equal_the_store(
    settled: Project, tmp_path: Path, format: str, file: str, read: Read
) -> None:
    export(settled, format, tmp_path / "out")
    records = {record.path: record for record in read(tmp_path / "out" / file)}
    current, names = standing(settled.store), names_of(settled)
    files = settled.store.samples.files()
    assert set(records) == set(files) == {*PATHS, "a/copy.png"}
    for path, record in records.items():
        answer = current.get(files[path].sample_id or "")
        if answer is None:
            assert (record.kind, record.label, record.answered_at) == (None, None, None)
            assert record.sha256 == files[path].sample_id
        else:
            assert agrees(record, answer, names)
    assert [records[path].kind for path in PATHS] == [
        "label", "label", "label", "skip", "unsure", None, "label"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "file", "read"),
    [
        ("csv_history", "history.csv", read_csv),
        ("jsonl_history", "history.jsonl", read_jsonl),
    ],
)
def test_the_history_read_back_equals_the_store(
    settled: Project, tmp_path: Path, format: str, file: str, read: Read
) -> None:
    count = export(settled, format, tmp_path / "out").count
    events = read(tmp_path / "out" / file)
    answers, names = settled.store.answers.all(), names_of(settled)
    assert count == len(events) == len(answers)
    for event, answer in zip(events, answers, strict=True):
        assert isinstance(event, Event)
        assert agrees(event, answer, names)
        assert (event.answer_id, event.client_id, event.undoes) == (
            answer.id,
            answer.client_id,
            answer.undoes,
        )
    assert [event.kind for event in events].count("undo") == 1


def test_every_format_holds_every_class(settled: Project, tmp_path: Path) -> None:
    expected = settled.store.classes.all(archived=True)
    assert {one.name for one in expected} >= {"never used", "was a class"}
    for format in ("csv", "csv_history", "folders"):
        export(settled, format, tmp_path / format)
        assert read_classes(tmp_path / format / "classes.csv") == expected
    for format in ("jsonl", "jsonl_history"):
        export(settled, format, tmp_path / format)
        (file,) = (tmp_path / format).glob("*.jsonl")
        header = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
        assert header["classes"] == [
            {
                "class_id": one.id,
                "name": one.name,
                "archived": one.archived,
                "merged_into": one.merged_into,
                "description": one.description,
            }
            for one in expected
        ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_download_is_one_file_of_the_declared_kind(settled: Project, format: str) -> None:
    file = as_download(settled, format)
    assert file.parent == settled.exports and file.suffix == FORMATS[format].suffix
    present = set(settled.exports.iterdir())
    assert as_download(settled, format) == file and set(settled.exports.iterdir()) == present
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
            assert "classes.csv" in archive.namelist()


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_made_twice_is_the_same(settled: Project, tmp_path: Path, format: str) -> None:
    suffix = FORMATS[format].suffix
    export(settled, format, tmp_path / f"one{suffix}")
    export(settled, format, tmp_path / f"two{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_a_zip_holds_what_the_folder_holds(settled: Project, tmp_path: Path) -> None:
    export(settled, "folders", tmp_path / "out")
    done = export(settled, "folders_zip", tmp_path / "archive")
    assert done.path == (tmp_path / "archive.zip").resolve()
    with zipfile.ZipFile(done.path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert tree(tmp_path / "unpacked") == tree(tmp_path / "out")
    assert (tmp_path / "unpacked" / "never used").is_dir()


def test_class_folders_hold_the_bytes_that_were_labeled(settled: Project, tmp_path: Path) -> None:
    done = export(settled, "folders", tmp_path / "out")
    pool = settled.source.location
    with (tmp_path / "out" / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    cells = {row["path"]: row["file"] for row in rows if row["file"]}
    placed = {from_cell("path", path): from_cell("file", cells[path]) for path in cells}
    assert set(placed) == {"a/x.png", "a/copy.png", "a/y.png", "b/x.png", "=cmd.png"}
    for path, file in placed.items():
        assert (tmp_path / "out" / file).read_bytes() == (pool / path).read_bytes()
    assert len(tree(tmp_path / "out")) == len(placed) + 2
    assert (done.count, done.missing) == (len(placed), ())
    assert placed["a/x.png"] == "cat/x.png"
    assert (tmp_path / "out" / "never used").is_dir()


def test_files_of_one_name_in_two_folders_both_survive(tmp_path: Path) -> None:
    project = scanned(fill(tmp_path / "pool", ["a/x.png", "b/X.PNG", "c/x.png"]), tmp_path / "p")
    for path in ("a/x.png", "b/X.PNG", "c/x.png"):
        label(project, path, "cat")
    export(project, "folders", tmp_path / "out")
    images = [name for name in tree(tmp_path / "out") if name.startswith("cat/")]
    assert len({name.casefold() for name in images}) == 3
    assert "cat/x.png" in images
    project.close()


def test_links_point_to_the_images(project: Project, tmp_path: Path) -> None:
    export(project, "folders", tmp_path / "out", link=True)
    link = tmp_path / "out" / "cat" / "x.png"
    assert link.is_symlink()
    assert link.resolve() == project.source.location / "a" / "x.png"
    export(project, "folders", tmp_path / "out")
    assert not link.is_symlink() and link.read_bytes() == picture(0)
    assert (project.source.location / "a" / "x.png").read_bytes() == picture(0)


def test_links_are_refused_where_none_can_be(settled: Project, tmp_path: Path) -> None:
    for format in ("csv", "folders_zip"):
        with pytest.raises(ExportError, match="links"):
            export(settled, format, tmp_path / "out", link=True)
    with pytest.raises(ExportError, match="zip cannot hold links"):
        export(settled, "folders", tmp_path / "out.zip", link=True)
    assert not (tmp_path / "out.zip").exists() and not (tmp_path / "out").exists()


def test_a_pool_in_a_zip_is_copied_but_not_linked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pool.zip", "w") as archive:
        archive.writestr("a/x.png", picture(0))
        archive.writestr("b/x.png", picture(1))
    project = scanned(tmp_path / "pool.zip", tmp_path / "project")
    label(project, "a/x.png", "cat")
    label(project, "b/x.png", "cat")
    with pytest.raises(ExportError, match=r"pool\.zip.*copies"):
        export(project, "folders", tmp_path / "out", link=True)
    assert not (tmp_path / "out").exists()
    export(project, "folders", tmp_path / "out")
    images = {data for name, data in tree(tmp_path / "out").items() if name.startswith("cat/")}
    assert images == {picture(0), picture(1)}
    project.close()


@pytest.mark.parametrize("link", [False, True])
def test_a_manifest_that_points_upwards_writes_nothing_outside(
    tmp_path: Path, link: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_IMAGE_ROOTS", str(tmp_path))
    fill(tmp_path, ["outside/x.png", "deep/pool/y.png"])
    manifest = tmp_path / "deep" / "pool" / "list.csv"
    absolute = (tmp_path / "outside" / "x.png").as_posix()
    manifest.write_text(f"path\n../../outside/x.png\n{absolute}\ny.png\n", encoding="utf-8")
    project = scanned(manifest, tmp_path / "project")
    label(project, "../../outside/x.png", "..")
    label(project, "y.png", "../../evil")
    before = {path for path in tmp_path.rglob("*") if "project" not in path.parts}
    done = export(project, "folders", tmp_path / "deep" / "out", link=link)
    after = {path for path in tmp_path.rglob("*") if "project" not in path.parts}
    assert all(path.is_relative_to(done.path) for path in after - before)
    assert done.count == 3 and done.missing == ()
    assert all((done.path / name).read_bytes() == data for name, data in tree(done.path).items())
    project.close()


def test_a_file_that_is_gone_or_changed_is_reported_and_the_rest_goes_on(
    project: Project, tmp_path: Path
) -> None:
    pool = project.source.location
    (pool / "a/x.png").unlink()
    (pool / "b/x.png").write_bytes(picture(99))
    done = export(project, "folders", tmp_path / "out")
    assert set(done.missing) == {"a/x.png", "b/x.png"}
    assert done.count == 3 and picture(99) not in tree(tmp_path / "out").values()
    records = {record.path: record for record in read_csv(tmp_path / "out" / "labels.csv")}
    assert records["a/x.png"].label == "cat"


def test_an_answer_outlives_the_file_in_the_export(project: Project, tmp_path: Path) -> None:
    key = project.store.samples.files()["b/x.png"].sample_id
    project.store.samples.forget_files(["b/x.png", "c/w.png"])
    export(project, "csv", tmp_path / "out")
    (record,) = (r for r in read_csv(tmp_path / "out" / "labels.csv") if not r.path)
    assert record.sha256 == key and record.kind == "label"
    assert export(project, "folders", tmp_path / "images").missing == (key,)


def test_unreadable_images_are_left_out_unless_answered(project: Project, tmp_path: Path) -> None:
    files = project.store.samples.files()
    for path in ("c/w.png", "c/z.png"):
        project.store.samples.mark_unreadable(files[path].sample_id or "", "damaged")
    export(project, "csv", tmp_path / "out")
    paths = {record.path for record in read_csv(tmp_path / "out" / "labels.csv")}
    assert "c/w.png" not in paths and "c/z.png" in paths


def test_a_new_export_replaces_the_earlier_one_as_a_whole(project: Project, tmp_path: Path) -> None:
    export(project, "folders", tmp_path / "out")
    assert (tmp_path / "out" / "cat" / "x.png").exists()
    label(project, "a/x.png", "never used")
    export(project, "folders", tmp_path / "out")
    assert not (tmp_path / "out" / "cat" / "x.png").exists()
    assert (tmp_path / "out" / "never used" / "x.png").read_bytes() == picture(0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "pool", "project"]


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_but_an_earlier_export_is_overwritten(
    settled: Project, tmp_path: Path, format: str
) -> None:
    target = tmp_path / f"mine{FORMATS[format].suffix if FORMATS[format].zipped else ''}"
    if FORMATS[format].zipped:
        target.write_bytes(b"mine")
    else:
        target.mkdir()
        (target / "labels.csv").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ExportError, match=r"mine.*(exists already|no earlier export)"):
        export(settled, format, target)
    assert sorted(tmp_path.rglob("*")) == before
    assert (target if target.is_file() else target / "labels.csv").read_bytes() == b"mine"


def test_a_file_added_to_an_earlier_export_is_not_lost(settled: Project, tmp_path: Path) -> None:
    export(settled, "folders", tmp_path / "out")
    (tmp_path / "out" / ".DS_Store").touch()
    export(settled, "folders", tmp_path / "out")
    (tmp_path / "out" / "cat" / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"cat/notes\.txt"):
        export(settled, "folders", tmp_path / "out")
    assert (tmp_path / "out" / "cat" / "notes.txt").read_text() == "mine"
    with pytest.raises(ExportError, match="another export"):
        export(settled, "csv", tmp_path / "out")


def test_an_export_that_fails_midway_leaves_the_earlier_one(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(project, "folders", tmp_path / "out")
    before = tree(tmp_path / "out")
    label(project, "a/x.png", "never used")
    rename = os.rename

    def full(source: Path, target: Path) -> None:
        if Path(source).name == "content":
            raise OSError(28, "No space left on device")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        with pytest.raises(ExportError, match="No space left"):
            export(project, "folders", tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "pool", "project"]


def test_a_target_that_cannot_be_written_is_named(settled: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="file"):
        export(settled, "csv", tmp_path / "file")
    with pytest.raises(ExportError, match="below"):
        export(settled, "csv", tmp_path / "file" / "below")
    with pytest.raises(ExportError, match=r"“parquet”.*csv"):
        export(settled, "parquet", tmp_path / "out")


def test_images_are_not_exported_into_their_own_pool(project: Project) -> None:
    pool = project.source.location
    with pytest.raises(ExportError, match="among the files"):
        export(project, "folders", pool / "sorted")
    assert export(project, "folders", pool / ".hone" / "out").count == 5
    assert export(project, "csv", pool / "tables").count == 8


CELLS = [
    "cat", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", "'tis", "'",
    "''", "a,b", 'the "cat"', "two\nlines", "two\r\nlines", "two\rlines", " padded ", "ünï 猫",
    "＝1", "true", "12",
]  # fmt: skip


def test_cells_read_back_as_they_were_and_never_begin_a_formula(tmp_path: Path) -> None:
    with (tmp_path / "cells.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerow([to_cell(text) for text in CELLS])
    with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as stream:
        (cells,) = csv.reader(stream)
    assert [from_cell("label", cell) for cell in cells] == CELLS
    assert not any(cell[0] in "=+-@\t\r\n＝" for cell in cells)
    assert cells[CELLS.index("cat")] == "cat" and cells[CELLS.index("=1+1")] == "'=1+1"


def test_numbers_stay_numbers_in_cells() -> None:
    assert from_cell("score", to_cell(-0.1)) == -0.1 and to_cell(-0.1) == "-0.1"
    assert from_cell("seconds", to_cell(0.1 + 0.2)) == 0.1 + 0.2
    assert [from_cell("shown", to_cell(value)) for value in (True, False, None)] == [
        True,
        False,
        None,
    ]
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert to_cell(moment) == "2026-01-02T03:04:05.000006Z"
    assert from_cell("answered_at", to_cell(moment)) == moment


def test_serialisers_refuse_what_they_do_not_know() -> None:
    for value in (object(), b"bytes", {1, 2}, np.float32(1.0)):
        with pytest.raises(TypeError):
            to_json({"key": value})
        with pytest.raises(TypeError):
            to_cell(value)
    with pytest.raises(ValueError, match="JSON"):
        to_json(float("nan"))


NAMES = [
    ("cat", "cat"), ("a/b", "a_b"), ("a\\b", "a_b"), ("..", "_"), (".", "_"), ("...", "_"),
    ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("com1", "_com1"), ("LPT³", "_LPT³"),
    ("console", "console"), (".hidden", "_hidden"), ("end. ", "end"), ('<>:"|?*', "_______"),
    ("~", "~"), ("猫", "猫"), ("tab\there", "tab_here"), ("../../evil", "_._.._evil"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_name_becomes_one_harmless_path_component(name: str, expected: str) -> None:
    assert safe_name(name) == expected
    assert safe_name(expected) == expected


def test_a_long_name_is_cut_between_characters() -> None:
    assert safe_name("🐈" * 80) == "🐈" * 45


def test_class_names_that_collide_get_folders_of_their_own() -> None:
    names = {1: "a/b", 2: "A_B", 3: "a:b", 4: "labels.csv", 5: "Labels.CSV ", 6: "a_b_2"}
    folders = folder_names(names, ["labels.csv"])
    assert list(folders) == list(names)
    assert len({folder.casefold() for folder in folders.values()} | {"labels.csv"}) == 7
    assert (folders[2], folders[6]) == ("A_B", "a_b_2")


def test_colliding_classes_keep_their_images_apart(tmp_path: Path) -> None:
    project = scanned(fill(tmp_path / "pool", ["x.png", "y.png", "z.png"]), tmp_path / "p")
    classes = ["a/b", "a:b", "classes.csv"]
    for path, name in zip(("x.png", "y.png", "z.png"), classes, strict=True):
        label(project, path, name)
    export(project, "folders", tmp_path / "out")
    with (tmp_path / "out" / "classes.csv").open(newline="", encoding="utf-8") as stream:
        folders = {row["name"]: row["folder"] for row in csv.DictReader(stream)}
    assert list(folders) == classes and len(set(folders.values())) == 3
    for seed, name in enumerate(classes):
        (image,) = (tmp_path / "out" / folders[name]).iterdir()
        assert image.read_bytes() == picture(seed)
    project.close()


def test_a_third_file_of_the_same_name_and_content_gets_a_number() -> None:
    used: set[str] = set()
    names = [file_name(f"{folder}/x.png", "0123456789", used) for folder in "abcd"]
    assert names == ["x.png", "x-01234567.png", "x-01234567-2.png", "x-01234567-3.png"]
    assert file_name("a/con.png", "0", set()) == "_con.png"
    assert len(file_name(f"{'ü' * 120}.{'x' * 10}", "0" * 64, set()).encode()) <= 220


def test_a_project_without_answers_or_classes_is_exported(tmp_path: Path) -> None:
    project = scanned(fill(tmp_path / "pool", ["x.png"]), tmp_path / "project")
    for format in FORMATS:
        done = export(project, format, tmp_path / format)
        assert done.count == (1 if format in ("csv", "jsonl") else 0)
    (record,) = read_csv(tmp_path / "csv" / "labels.csv")
    facts = {name: value for name, value in vars(record).items() if value is not None}
    assert facts == {"path": "x.png", "sha256": hashlib.sha256(picture(0)).hexdigest()}
    assert read_csv(tmp_path / "csv_history" / "history.csv") == []
    assert read_classes(tmp_path / "folders" / "classes.csv") == []
    project.close()


def test_a_foreign_file_is_not_read_as_an_export(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("path,label\nx.png,cat\n")
    for read in (read_csv, read_classes, read_jsonl):
        with pytest.raises(ExportError, match=r"some\.csv"):
            read(file)
    with pytest.raises(ExportError, match=r"absent"):
        read_csv(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "read", "cells"),
    [("labels.csv", read_csv, "a,b,c,one"), ("classes.csv", read_classes, "x,cat,false")],
)
def test_a_row_that_hone_has_not_written_is_named(
    name: str, read: Callable[[Path], object], cells: str, tmp_path: Path
) -> None:
    columns = [field.name for field in fields(Record)]
    head = ",".join(columns) if name == "labels.csv" else "class_id,name,archived"
    (tmp_path / name).write_text(f"{head}\n{cells}\n")
    with pytest.raises(ExportError, match=r"row 1 below .* export it again"):
        read(tmp_path / name)
