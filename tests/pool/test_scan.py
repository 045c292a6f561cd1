"""Scanning: files become samples, known ones unread; a sample is read from any of its files."""

import hashlib
import os
import struct
import zlib
from pathlib import Path

import pytest

from labeling.errors import ScarceError, UnreadableError
from labeling.media import MEDIA
from labeling.pool.opening import open_source
from labeling.pool.scan import read_sample, scan
from tests.conftest import fill, no_files_left, picture
from tests.pool.conftest import scanned


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size without holding its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_a_sample_id_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    found = scanned(tmp_path)["img0.png"]
    assert found.sample_id == hashlib.sha256((tmp_path / "img0.png").read_bytes()).hexdigest()
    assert found.problem is None


@pytest.mark.parametrize("name", ["²", "١٢", "Ⅷ", "a?b#c%20d", "quote'\"", "日本"])
def test_odd_names_of_folders_and_files_are_fine(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "x", 1)
    (tmp_path / "x" / "img0.png").rename(tmp_path / "x" / f"{name}.png")
    (tmp_path / "x").rename(tmp_path / name)
    found = scanned(tmp_path)[f"{name}/{name}.png"]
    assert (found.problem, found.label) == (None, name)


def test_a_name_that_is_not_utf8_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    bad = os.fsencode(tmp_path) + b"/bad\xff.png"
    with open(bad, "wb") as file:
        file.write((tmp_path / "img0.png").read_bytes())
    found = scanned(tmp_path)
    assert found["img0.png"].problem is None
    (other,) = set(found) - {"img0.png"}
    other.encode()  # it can be stored and shown
    assert "not valid UTF-8; rename it" in str(found[other].problem)


@pytest.mark.parametrize("content", [b"", b"hello, I am a text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8"])
def test_a_file_that_only_looks_like_an_image_is_named(tmp_path: Path, content: bytes) -> None:
    fill(tmp_path, 1)
    (tmp_path / "text.jpg").write_bytes(content)
    found = scanned(tmp_path)["text.jpg"]
    assert found.sample_id is None
    assert found.problem == "it is not an image that Hone can read"


def test_an_image_of_too_many_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "huge.png").write_bytes(png_of_size(30_000, 30_000))
    problem = scanned(tmp_path)["huge.png"].problem
    assert "30,000 × 30,000 pixels are more than the limit of 120 megapixels" in str(problem)
    assert "make it smaller" in str(problem)


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(200_000_001)
    assert "more than the limit of 200 MB" in str(scanned(tmp_path)["big.png"].problem)


def test_identical_files_share_one_id(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "copy.png").write_bytes((tmp_path / "img0.png").read_bytes())
    assert len({file.sample_id for file in scanned(tmp_path).values()}) == 1


def test_the_class_of_a_file_is_the_folder_it_lies_in(tmp_path: Path) -> None:
    fill(tmp_path / "animals" / "cat", 1)
    fill(tmp_path, 1, first=1)
    labels = {file.path: file.label for file in scanned(tmp_path).values()}
    assert labels == {"animals/cat/img0.png": "cat", "img1.png": None}


def test_a_known_unchanged_file_keeps_its_id_unread(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    stat = (tmp_path / "img0.png").stat()
    known = {"img0.png": (stat.st_size, stat.st_mtime_ns, "remembered")}
    found = {file.path: file.sample_id for file in scan(open_source(tmp_path), known)}
    assert found["img0.png"] == "remembered"
    picture(7).save(tmp_path / "img0.png")
    os.utime(tmp_path / "img0.png", ns=(1, 1))
    found = {file.path: file.sample_id for file in scan(open_source(tmp_path), known)}
    assert found["img0.png"] == hashlib.sha256((tmp_path / "img0.png").read_bytes()).hexdigest()


def test_a_sample_is_read_from_whichever_of_its_files_still_holds_it(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    data = (tmp_path / "img0.png").read_bytes()
    source, sample_id = open_source(tmp_path), hashlib.sha256(data).hexdigest()
    assert read_sample(source, sample_id, ["gone.png", "img1.png", "img0.png"]) == data


def test_a_file_that_was_replaced_is_never_taken_for_the_sample(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    source = open_source(tmp_path)
    with pytest.raises(UnreadableError, match=r"img0\.png: it was changed after"):
        read_sample(source, "0" * 64, ["img0.png"])
    with pytest.raises(UnreadableError, match=r"gone\.png: cannot be opened"):
        read_sample(source, "0" * 64, ["gone.png"])


@pytest.mark.parametrize("kind", MEDIA)
def test_every_medium_names_a_file_that_it_cannot_read(kind: str) -> None:
    with pytest.raises(UnreadableError, match=r"a/b\.png"):
        MEDIA[kind].preview(b"\0\1\2\0\0", "a/b.png", "thumb", {})


def test_no_file_is_left_out_or_forgotten_because_files_ran_out(tmp_path: Path) -> None:
    source = open_source(fill(tmp_path / "pool", 2))
    found = list(scan(source, {}))
    with no_files_left():
        with pytest.raises(ScarceError):  # else the pool would seem to be empty
            list(source.entries())
        with pytest.raises(ScarceError):
            read_sample(source, str(found[0].sample_id), [found[0].path])
    entries = list(source.entries())
    with pytest.MonkeyPatch.context() as patch, no_files_left():
        patch.setattr(source, "entries", lambda: iter(entries))
        with pytest.raises(ScarceError):
            list(scan(source, {}))
    assert list(scan(source, {})) == found
