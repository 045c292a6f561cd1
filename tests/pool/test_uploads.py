"""Files from the browser go into the pool's folder; nothing there is lost or left half written."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from labeling.errors import PoolError
from labeling.pool.uploads import Uploaded, place_of, upload
from tests.pool.test_archive import make_zip, png


def put(folder: Path, *files: tuple[str, bytes]) -> Uploaded:
    return upload(folder, [(name, io.BytesIO(data)) for name, data in files])


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_images_come_into_a_folder_that_is_made_for_them(tmp_path: Path) -> None:
    one, two = png(1, tmp_path), png(2, tmp_path)
    done = put(tmp_path / "new" / "pool", ("a.png", one), ("C:\\photos\\b.PNG", two))
    assert (done.added, done.known, done.refused) == (2, 0, {})
    assert names(tmp_path / "new" / "pool") == ["a.png", "b.PNG"]
    assert (tmp_path / "new" / "pool" / "a.png").read_bytes() == one


def test_the_images_of_a_zip_keep_their_folders_which_may_be_classes(tmp_path: Path) -> None:
    data = png(1, tmp_path)
    members = {
        "cat/a.png": data,
        "dog\\b.png": data,
        "notes.txt": b"x",
        "__MACOSX/cat/._a.png": b"",
    }
    archive = make_zip(tmp_path / "p.zip", members).read_bytes()
    done = put(tmp_path / "pool", ("p.zip", archive))
    assert (done.added, done.refused) == (2, {})
    assert names(tmp_path / "pool") == ["cat/a.png", "dog/b.png"]


def test_nothing_is_overwritten_and_the_same_file_is_not_kept_twice(tmp_path: Path) -> None:
    one, two = png(1, tmp_path), png(2, tmp_path)
    put(tmp_path / "pool", ("a.png", one))
    done = put(tmp_path / "pool", ("a.png", one), ("a.png", two), ("a.png", two))
    assert (done.added, done.known) == (1, 2)
    assert names(tmp_path / "pool") == ["a-2.png", "a.png"]
    assert (tmp_path / "pool" / "a.png").read_bytes() == one


def test_what_cannot_be_a_sample_is_refused_by_name_and_the_rest_comes_in(tmp_path: Path) -> None:
    data = png(1, tmp_path)
    evil = make_zip(tmp_path / "evil.zip", {"../out.png": data, "in.png": data}).read_bytes()
    empty = make_zip(tmp_path / "none.zip", {"readme.docx": b"x"}).read_bytes()
    done = put(
        tmp_path / "pool",
        ("notes.docx", b"x"),
        (".hidden.png", data),
        ("ä" * 121 + ".png", data),
        ("broken.zip", b"PK not a zip"),
        ("none.zip", empty),
        ("evil.zip", evil),
    )
    assert done.added == 1 and names(tmp_path / "pool") == ["in.png"]
    assert set(done.refused) == {
        "notes.docx",
        ".hidden.png",
        "ä" * 121 + ".png",
        "broken.zip",
        "none.zip",
        "evil.zip: ../out.png",
    }
    assert "Hone reads" in done.refused["notes.docx"]
    assert "make the zip again" in done.refused["broken.zip"]
    assert str(tmp_path) not in done.refused["broken.zip"]
    assert not (tmp_path / "out.png").exists()


def test_a_zip_cannot_write_through_a_link_that_leads_out_of_the_pool(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "link").symlink_to(tmp_path / "elsewhere")
    archive = make_zip(tmp_path / "p.zip", {"link/a.png": png(1, tmp_path)}).read_bytes()
    done = put(tmp_path / "pool", ("p.zip", archive))
    assert done.added == 0 and "leads elsewhere" in done.refused["link/a.png"]
    assert names(tmp_path / "elsewhere") == []


def test_a_full_disk_is_said_and_leaves_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = png(1, tmp_path), png(2, tmp_path)
    whole: Callable[[int], None] = os.fsync
    calls: list[int] = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        whole(handle)

    monkeypatch.setattr(os, "fsync", full)
    files: list[tuple[str, IO[bytes]]] = [("a.png", io.BytesIO(one)), ("b.png", io.BytesIO(two))]
    with pytest.raises(PoolError, match=r"No space left on device\. 1 file came in"):
        upload(tmp_path / "pool", files)
    assert names(tmp_path / "pool") == ["a.png"]


def test_a_table_alone_is_opened_and_beside_files_only_if_it_names_them(tmp_path: Path) -> None:
    table = b"text,n\nsome words,1\nmore words,2\n"
    alone, beside, named = (tmp_path / name for name in ("alone", "beside", "named"))
    assert put(alone, ("messages.csv", table)).added == 1
    assert place_of(alone) == alone / "messages.csv"
    put(beside, ("messages.csv", table), ("a.png", png(1, tmp_path)))
    assert place_of(beside) == beside
    put(named, ("list.csv", b"path,label\na.png,cat\n"), ("a.png", png(1, tmp_path)))
    assert place_of(named) == named / "list.csv"
    put(tmp_path / "two", ("a.txt", b"one text"), ("b.txt", b"another"))
    assert place_of(tmp_path / "two") == tmp_path / "two"


def test_a_pool_that_is_there_takes_files_of_its_medium_only(tmp_path: Path) -> None:
    done = upload(
        tmp_path / "pool",
        [(name, io.BytesIO(b"some words")) for name in ("a.txt", "b.png", "c.csv")],
        "text",
    )
    assert done.added == 1 and set(done.refused) == {"b.png", "c.csv"}
