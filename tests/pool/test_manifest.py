"""Manifests name files and labels; what they name wrongly is said by name."""

import csv
from pathlib import Path

import pytest

from labeling.errors import PoolError
from labeling.pool.opening import open_source
from tests.conftest import fill
from tests.pool.conftest import scanned


def write_manifest(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    fill(folder, 3)
    (folder / "list.csv").write_text(text, encoding=encoding)
    return folder / "list.csv"


def test_a_manifest_names_files_and_labels(tmp_path: Path) -> None:
    found = scanned(write_manifest(tmp_path, "path,label\nimg0.png,cat\nimg1.png,\n"))
    assert {path: file.label for path, file in found.items()} == {
        "img0.png": "cat",
        "img1.png": None,
    }


@pytest.mark.parametrize("text", ["Path , LABEL\n img0.png , cat \n", "label,path\ncat,img0.png\n"])
def test_a_manifest_from_a_spreadsheet_with_bom_and_spaces_is_read(
    tmp_path: Path, text: str
) -> None:
    found = scanned(write_manifest(tmp_path, text, "utf-8-sig"))
    assert found["img0.png"].label == "cat"
    assert found["img0.png"].problem is None


def test_a_manifest_without_a_path_column_is_not_taken_for_texts(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"“file” of .*list\.csv names files; call it “path”"):
        open_source(write_manifest(tmp_path, "file;label\nimg0.png;cat\n"))


def test_missing_files_of_a_manifest_are_named(tmp_path: Path) -> None:
    found = scanned(write_manifest(tmp_path, "path\nimg0.png\nnowhere.png\n.\nbad\0name.png\n"))
    assert found["img0.png"].problem is None
    assert "cannot be opened: No such file" in str(found["nowhere.png"].problem)
    assert found["."].problem == "it is not a file"
    assert "cannot be opened" in str(found["bad\N{REPLACEMENT CHARACTER}name.png"].problem)


@pytest.mark.parametrize("text", ["path\n", "path,label\n,cat\n"])
def test_a_manifest_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PoolError, match=r"holds nothing to label; name one file on each line"):
        open_source(write_manifest(tmp_path, text))


def test_a_manifest_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"list\.csv cannot be read as CSV in UTF-8"):
        open_source(write_manifest(tmp_path, "path,label\nimg0.png,Käse\n", "latin-1"))


def test_only_files_that_a_manifest_names_can_be_read(tmp_path: Path) -> None:
    source = open_source(write_manifest(tmp_path, "path\nimg0.png\n"))
    with pytest.raises(KeyError):
        source.read("img1.png")


def test_quoted_names_with_commas_survive(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "img0.png").rename(tmp_path / 'a, "b".png')
    with (tmp_path / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label"], ['a, "b".png', "x, y"]])
    found = scanned(tmp_path / "list.csv")['a, "b".png']
    assert (found.problem, found.label) == (None, "x, y")
