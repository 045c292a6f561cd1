"""Folders, zips and manifests become samples; whatever is wrong with them is said by name."""

import csv
import hashlib
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from labeling.errors import PoolError, UnreadableImageError
from labeling.media import MEDIA
from labeling.pool.archive import ZipSource
from labeling.pool.opening import open_source
from labeling.pool.scan import Scanned, read_sample, scan
from tests.conftest import fill, picture


def scanned(location: Path) -> dict[str, Scanned]:
    return {file.path: file for file in scan(open_source(location), {})}


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size without holding its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def png(number: int, folder: Path) -> bytes:
    file = folder / f"made-{number}.png"
    picture(number).save(file)
    data = file.read_bytes()
    file.unlink()
    return data


# -- folders ---------------------------------------------------------------------------------


def test_a_sample_id_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    found = scanned(tmp_path)["img0.png"]
    assert found.sample_id == hashlib.sha256((tmp_path / "img0.png").read_bytes()).hexdigest()
    assert found.problem is None


def test_files_come_in_natural_order_and_hidden_or_other_files_are_passed_over(
    tmp_path: Path,
) -> None:
    fill(tmp_path, 12)
    fill(tmp_path / ".hidden", 1)
    picture(1).save(tmp_path / ".thumb.png")
    (tmp_path / "notes.txt").write_text("no image")
    assert list(scanned(tmp_path)) == [f"img{number}.png" for number in range(12)]


def test_files_come_before_those_of_folders_and_equal_numbers_in_one_order(tmp_path: Path) -> None:
    for folder in ("b10", "b2", "."):
        fill(tmp_path / folder, 1)
    for name in ("img00.png", "img000.png"):
        (tmp_path / name).write_bytes((tmp_path / "img0.png").read_bytes())
    of_pool = ["img0.png", "img00.png", "img000.png"]
    assert list(scanned(tmp_path)) == [*sorted(of_pool), "b2/img0.png", "b10/img0.png"]


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_named_like_an_image_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    os.mkfifo(tmp_path / "pipe.png")
    assert scanned(tmp_path)["pipe.png"].problem == "it is not a file"


def test_a_dangling_link_is_named_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert "cannot be opened: No such file" in str(scanned(tmp_path)["gone.png"].problem)


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


def test_a_project_that_lies_inside_its_pool_is_not_part_of_the_pool(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    fill(tmp_path / "project" / "thumbnails", 2, first=1)
    (tmp_path / "project" / "hone.sqlite").touch()
    assert list(scanned(tmp_path)) == ["img0.png"]


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


# -- zips ------------------------------------------------------------------------------------


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    data = png(0, tmp_path)
    found = scanned(make_zip(tmp_path / "p.zip", {"cat/a.png": data, "__MACOSX/cat/._a.png": b"x"}))
    assert list(found) == ["cat/a.png"]
    assert found["cat/a.png"].sample_id == hashlib.sha256(data).hexdigest()
    assert found["cat/a.png"].label == "cat"
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.zip"]


def test_a_zip_made_on_windows_has_class_folders_too(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"cat_a.png": png(0, tmp_path)})
    path.write_bytes(path.read_bytes().replace(b"cat_a.png", b"cat\\a.png"))
    assert [file.label for file in scanned(path).values()] == ["cat"]


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/evil.png", "C:/evil.png"])
def test_a_zip_member_that_points_outside_is_refused_by_name(tmp_path: Path, name: str) -> None:
    data = png(0, tmp_path)
    found = scanned(make_zip(tmp_path / "p.zip", {name: data, "good.png": data}))
    assert "points outside the zip" in str(found[name].problem)
    assert found[name].sample_id is None
    assert found["good.png"].problem is None


def test_an_encrypted_member_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"a.png": png(0, tmp_path), "b.png": png(1, tmp_path)})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of the first member, in its own header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    found = scanned(path)
    assert found["a.png"].problem == "it is encrypted; make the zip without a password"
    assert found["b.png"].problem is None


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_named_and_the_rest_goes_on(tmp_path: Path, method: int) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.png", png(0, tmp_path))
        archive.writestr("b.png", png(1, tmp_path))
    data = bytearray(path.read_bytes())
    data[60:400] = b"\xff" * 340
    path.write_bytes(data)
    found = scanned(path)
    assert "cannot be opened" in str(found["a.png"].problem)
    assert found["b.png"].problem is None


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_zip_is_refused_with_the_mend(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(PoolError, match=r"p\.zip is not a zip file.*make the zip again"):
        open_source(tmp_path / "p.zip")


def test_many_threads_can_read_one_zip(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    members = {f"{number}.png": png(number, tmp_path) for number in range(20)}
    source = ZipSource(make_zip(tmp_path / "p.zip", members))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, list(members) * 5)) == list(members.values()) * 5


# -- manifests -------------------------------------------------------------------------------


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


def test_a_manifest_without_a_path_column_says_what_its_first_line_should_be(
    tmp_path: Path,
) -> None:
    with pytest.raises(PoolError, match=r"list\.csv has no column “path”; its first line should"):
        open_source(write_manifest(tmp_path, "file;label\nimg0.png;cat\n"))


def test_missing_files_of_a_manifest_are_named(tmp_path: Path) -> None:
    found = scanned(write_manifest(tmp_path, "path\nimg0.png\nnowhere.png\n.\nbad\0name.png\n"))
    assert found["img0.png"].problem is None
    assert "cannot be opened: No such file" in str(found["nowhere.png"].problem)
    assert found["."].problem == "it is not a file"
    assert "cannot be opened" in str(found["bad\N{REPLACEMENT CHARACTER}name.png"].problem)


@pytest.mark.parametrize("text", ["path\n", "path,label\n,cat\n"])
def test_a_manifest_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PoolError, match=r"list\.csv holds no images; name one file on each line"):
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


# -- wrong pools -----------------------------------------------------------------------------


def test_a_missing_pool_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"There is no .*nowhere; check the path"):
        open_source(tmp_path / "nowhere")


def test_a_path_that_is_too_long_is_no_crash() -> None:
    with pytest.raises(PoolError, match=r"There is no"):
        open_source(Path("/" + "x" * 5000))


def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(PoolError, match=r"holds no images; put \.bmp.*\.png.* files there"):
        open_source(tmp_path)


def test_a_single_image_is_no_pool(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with pytest.raises(PoolError, match=r"img0\.png is neither a folder, nor a \.zip, nor a \.csv"):
        open_source(tmp_path / "img0.png")


# -- reading a sample again ------------------------------------------------------------------


def test_a_sample_is_read_from_whichever_of_its_files_still_holds_it(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    data = (tmp_path / "img0.png").read_bytes()
    source, sample_id = open_source(tmp_path), hashlib.sha256(data).hexdigest()
    assert read_sample(source, sample_id, ["gone.png", "img1.png", "img0.png"]) == data


def test_a_file_that_was_replaced_is_never_taken_for_the_sample(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    source = open_source(tmp_path)
    with pytest.raises(UnreadableImageError, match=r"img0\.png: it was changed after"):
        read_sample(source, "0" * 64, ["img0.png"])
    with pytest.raises(UnreadableImageError, match=r"gone\.png: cannot be opened"):
        read_sample(source, "0" * 64, ["gone.png"])


@pytest.mark.parametrize("kind", MEDIA)
def test_every_loader_names_a_file_that_it_cannot_read(kind: str) -> None:
    with pytest.raises(UnreadableImageError, match=r"a/b\.png"):
        MEDIA[kind].load(b"\0\1\2", "a/b.png")
