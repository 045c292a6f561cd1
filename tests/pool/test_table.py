"""Tables as pools: each row is a text, in whatever form the table comes."""

import csv
import io
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labeling.errors import PoolError, ProjectError
from labeling.pool.opening import open_source
from labeling.pool.scan import Scanned, scan
from labeling.pool.table import TableSource
from labeling.pool.tables import TABLES
from labeling.project.project import open_project

ROWS = [
    {"id": 1, "note": 'said "hello", left\nand came back', "class": "a"},
    {"id": 2, "note": "日本語 😀", "class": "b"},
    {"id": 3, "note": "مرحبا بالعالم", "class": "a"},
]
FRAME = pd.DataFrame(ROWS)
FORMS: dict[str, Callable[[Path], object]] = {
    "comma.csv": lambda path: FRAME.to_csv(path, index=False),
    "semicolon.csv": lambda path: FRAME.to_csv(path, index=False, sep=";"),
    "excel.csv": lambda path: FRAME.to_csv(path, index=False, encoding="utf-8-sig"),
    "unicode.csv": lambda path: FRAME.to_csv(path, index=False, encoding="utf-16"),
    "tabs.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "lines.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "lines.ndjson": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "groups.parquet": lambda path: FRAME.to_parquet(path, row_group_size=2),
}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def scanned(location: Path) -> list[Scanned]:
    return list(scan(open_source(location), {}))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_table_gives_the_same_texts_labels_and_context(
    tmp_path: Path, name: str
) -> None:
    FORMS[name](tmp_path / name)
    source = open_source(tmp_path / name)
    assert isinstance(source, TableSource)
    entries = list(source.entries())
    assert [(one.data or b"").decode() for one in entries] == [row["note"] for row in ROWS]
    assert [one.label for one in entries] == ["a", "b", "a"]
    again = open_source(tmp_path / name)  # which has seen no rows yet
    for entry, row in reversed(list(zip(entries, ROWS, strict=True))):
        assert again.read(entry.path) == entry.data
        assert again.context(entry.path) == {"id": str(row["id"])}


def test_every_form_is_tried() -> None:
    assert {Path(name).suffix for name in FORMS} | {".txt"} == set(TABLES)


def test_a_file_of_plain_lines_has_a_text_in_each(tmp_path: Path) -> None:
    found = scanned(written(tmp_path, "all.txt", 'one, "two"\n\n   \nthree\r\nfour'))
    assert [one.path for one in found] == ["line 1", "line 4", "line 5"]
    assert all(one.sample_id for one in found)


def test_rows_count_as_in_a_spreadsheet(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", 'text,x\n"two\nlines",1\n\nfour,2\n')
    assert [one.path for one in scanned(file)] == ["row 2", "row 4"]


def test_identical_texts_are_one_sample_and_empty_ones_none(tmp_path: Path) -> None:
    found = scanned(written(tmp_path, "a.csv", "text,x\nyes,1\n  yes ,2\n   ,3\n,4\nno,5\n"))
    ids = [one.sample_id for one in found]
    assert ids[0] == ids[1] != ids[4] and ids[2] is ids[3] is None
    assert [one.problem for one in found][2:4] == ["it holds no text"] * 2


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ("id,Message,label", "Message"),
        ("title,body,class", "body"),
        ("a,what they wrote,c", "what they wrote"),
    ],
)
def test_the_column_of_the_texts_is_found_by_its_name_or_its_letters(
    tmp_path: Path, head: str, column: str
) -> None:
    file = written(tmp_path, "a.csv", f"{head}\n12.5,many words in a row,x\n13,and so on,y\n")
    source = open_source(file)
    assert isinstance(source, TableSource) and source.column == column


def test_a_column_can_be_named_and_stays_with_its_project(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "text,answer,label\nlong question,short,x\nanother,one,y\n")
    with closing(open_project(file, tmp_path / "p", "answer")) as project:
        assert project.source.read("row 2") == b"short"
    with closing(open_project(file, tmp_path / "p")) as project:
        assert project.source.read("row 2") == b"short"
    with pytest.raises(ProjectError, match="labels the column “answer”, not “text”"):
        open_project(file, tmp_path / "p", "text")


@pytest.mark.parametrize(
    ("content", "column", "reason"),
    [
        ("a,b\n1,2\n3,4\n", None, "no column of texts. It has the columns “a” and “b”"),
        ("a,b\n1,word\n3,more\n", "c", "no column “c”"),
        ("a,b\n1,word\n3,more\n", "a", "“a” of .* holds no texts"),
        ("text,label\n", None, "holds no texts; write one in each row"),
        ("", None, "holds no texts"),
    ],
)
def test_a_table_without_texts_is_refused_with_its_columns(
    tmp_path: Path, content: str, column: str | None, reason: str
) -> None:
    with pytest.raises(PoolError, match=reason):
        open_source(written(tmp_path, "a.csv", content), column=column)


@pytest.mark.parametrize("name", ["bad.parquet", "bad.jsonl", "bad.csv", "bad.tsv"])
def test_a_damaged_table_is_refused_or_its_bad_rows_are_named(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    file = written(tmp_path, name, rng.bytes(20_000))
    try:
        found = scanned(file)
    except PoolError as error:
        assert str(file) in str(error)
    else:
        assert all(one.sample_id or one.problem for one in found)


def test_a_line_that_is_no_json_is_named_and_the_rest_comes_in(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "good one"}), "{broken", json.dumps("a text alone"), "[1]"]
    found = scanned(written(tmp_path, "a.jsonl", "\n".join(lines)))
    assert [bool(one.sample_id) for one in found] == [True, False, True, False]
    assert found[1].path == "line 2" and "it is not JSON" in str(found[1].problem)


def test_texts_with_separators_but_without_quotes_stay_whole(tmp_path: Path) -> None:
    plain = written(tmp_path, "a.csv", "text\nhello, world, again\nother\n")
    last = written(tmp_path, "b.csv", "label,text\nx,hello, world\ny,other\n")
    assert open_source(plain).read("row 2") == b"hello, world, again"
    assert open_source(last).read("row 2") == b"hello, world"


def test_quotation_marks_in_a_table_with_tabs_are_plain_where_they_do_not_pair(
    tmp_path: Path,
) -> None:
    rows = [f'ham\t"{"so he said" if n % 3 else "well"} number {n}' for n in range(40)]
    found = scanned(written(tmp_path, "a.tsv", "\n".join(["label\ttext", *rows])))
    assert len(found) == 40 and len({one.sample_id for one in found}) == 40


def test_a_row_is_another_sample_after_the_table_was_edited(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "text,x\nfirst words,1\nsecond words,2\n")
    known = {one.path: (one.size, one.mtime_ns, str(one.sample_id)) for one in scanned(file)}
    stamp = file.stat().st_mtime_ns + 1_000_000_000
    written(tmp_path, "a.csv", "text,x\nother words,1\nsecond words,2\n")
    os.utime(file, ns=(stamp, stamp))
    first, second = scan(open_source(file), known)
    assert first.sample_id != known["row 2"][2] and second.sample_id == known["row 3"][2]


def test_addresses_that_are_none_are_unknown(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, "a.csv", "text,x\nwords,1\n"))
    for path in ("row 1", "row 3", "row x", "line 2", "../a.csv", "row 99999999999999999999"):
        with pytest.raises(KeyError):
            source.read(path)


def test_a_large_table_is_read_without_holding_it(tmp_path: Path) -> None:
    import tracemalloc

    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(["text", "n"])
    for number in range(40_000):
        table.writerow([f"message number {number}, " + "with some words " * 20, number])
    file = written(tmp_path, "large.csv", buffer.getvalue())
    buffer.close()
    tracemalloc.start()
    try:
        source = open_source(file)
        assert sum(1 for _ in source.entries()) == 40_000
        assert source.read("row 39000").startswith(b"message number 38998,")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < file.stat().st_size / 2


def test_a_parquet_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pd.DataFrame({"text": ["many words " * 1000] * 50}).to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr("labeling.pool.tables.LARGEST_GROUP", 1000)
    with pytest.raises(PoolError, match="smaller row groups"):
        open_source(tmp_path / "a.parquet")
