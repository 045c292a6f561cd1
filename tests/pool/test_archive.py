"""Zips are read in place; whatever is wrong with a member is said by name."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from labeling.errors import PoolError
from labeling.pool.archive import ZipSource
from labeling.pool.opening import open_source
from tests.conftest import picture
from tests.pool.conftest import scanned


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


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def test_a_member_whose_size_cannot_be_limited_is_refused_with_the_mend(
    tmp_path: Path, method: int, name: str
) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", png(0, tmp_path), method)
        archive.writestr("b.png", png(1, tmp_path), zipfile.ZIP_DEFLATED)
    found = scanned(path)
    assert found["a.png"].problem == (
        f"it is packed by {name}; make the zip with the usual method, deflate"
    )
    assert found["b.png"].problem is None


def test_a_damaged_member_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
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
