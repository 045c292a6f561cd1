"""Roots: a manifest and links lead to files of their folder, and others only where allowed."""

from pathlib import Path

import pytest

from labeling.errors import PoolError
from labeling.pool.opening import open_source
from labeling.pool.roots import Roots
from labeling.pool.scan import Scanned, scan
from labeling.project.project import open_project
from tests.conftest import fill


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """An image that no manifest beside it may show."""
    return fill(tmp_path / "private", 1) / "img0.png"


def scanned(folder: Path, *paths: str) -> dict[str, Scanned]:
    fill(folder, 1, first=7)
    (folder / "list.csv").write_text("\n".join(["path", "img7.png", *paths]), encoding="utf-8")
    return {file.path: file for file in scan(open_source(folder / "list.csv"), {})}


@pytest.mark.parametrize("climb", ["../private/img0.png", "a/../../private/img0.png", "{}"])
def test_a_path_out_of_the_folder_is_refused_with_the_mend(
    tmp_path: Path, private: Path, climb: str
) -> None:
    path = climb.format(private)
    found = scanned(tmp_path / "pool", path)
    assert found["img7.png"].problem is None
    assert found[path].sample_id is None
    assert f"HONE_IMAGE_ROOTS={private.parent}" in str(found[path].problem)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(
    tmp_path: Path, private: Path
) -> None:
    pool = fill(tmp_path / "pool", 1)
    (pool / "out.png").symlink_to(private)
    (pool / "away").symlink_to(private.parent)
    (pool / "in.png").symlink_to(pool / "img0.png")
    found = scanned(pool, "out.png", "away/img0.png", "in.png")
    assert {path for path, file in found.items() if file.problem} == {"out.png", "away/img0.png"}


def test_a_link_that_comes_after_the_scan_is_not_followed(tmp_path: Path, private: Path) -> None:
    pool = fill(tmp_path / "pool", 1)
    (pool / "list.csv").write_text("path\nimg0.png\n")
    source = open_source(pool / "list.csv")
    (pool / "img0.png").unlink()
    (pool / "img0.png").symlink_to(private)
    with pytest.raises(PermissionError, match="outside"):
        source.read("img0.png")


def test_folders_that_were_allowed_are_read(
    tmp_path: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_IMAGE_ROOTS", f"{tmp_path}:{private.parent}")
    assert scanned(tmp_path / "pool", str(private))[str(private)].problem is None


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/a.png", "https://x.example/a.png", "FILE:///etc/a.png"]
)
def test_an_address_is_never_fetched_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def fetched(*_: object) -> None:
        raise AssertionError("something was asked for over the network")

    monkeypatch.setattr("socket.socket.connect", fetched)
    monkeypatch.setattr("socket.getaddrinfo", fetched)
    assert "Hone fetches nothing; download" in str(scanned(tmp_path, address)[address].problem)


def test_a_manifest_of_nothing_but_foreign_files_is_refused_at_once(
    tmp_path: Path, private: Path
) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "list.csv").write_text(f"path\n{private}\n")
    with pytest.raises(PoolError, match=r"names no file that is read; .*HONE_IMAGE_ROOTS="):
        open_source(tmp_path / "pool" / "list.csv")


def test_a_drive_of_windows_is_no_address(tmp_path: Path) -> None:
    assert Roots(tmp_path).refusal("C:/a.png") is None  # here a folder named “C:”


# -- links in a folder -------------------------------------------------------------------------


@pytest.fixture
def linked(tmp_path: Path, private: Path) -> Path:
    """A folder with one image, links out of it, and links within."""
    pool = fill(tmp_path / "pool" / "a", 1, first=7).parent
    (pool / "out.png").symlink_to(private)
    (pool / "away").symlink_to(private.parent)
    (pool / "in.png").symlink_to("a/img7.png")
    (pool / "b").symlink_to("a")
    (pool / "b.txt").symlink_to("/etc/hostname")
    (pool / "http:").mkdir()
    (pool / "http:" / "in.png").symlink_to("../a/img7.png")
    return pool


def test_a_link_out_of_a_folder_is_left_out_by_name_and_one_within_is_followed(
    linked: Path, private: Path
) -> None:
    found = {file.path: file for file in scan(open_source(linked), {})}
    assert set(found) == {"a/img7.png", "in.png", "http:/in.png", "out.png", "away"}
    assert f"HONE_IMAGE_ROOTS={private.parent}" in str(found["out.png"].problem)
    assert "not followed; open that folder itself" in str(found["away"].problem)
    assert len({file.sample_id for file in found.values() if file.sample_id}) == 1
    assert not [file for file in found.values() if file.problem and file.sample_id]


def test_a_link_out_of_a_folder_is_followed_where_that_was_allowed(
    linked: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_IMAGE_ROOTS", str(private.parent))
    source = open_source(linked)
    found = {file.path: file for file in scan(source, {})}
    assert found["out.png"].sample_id is not None
    assert source.read("out.png") == private.read_bytes()


@pytest.mark.parametrize("path", ["img0.png", "a/img7.png", "../private/img0.png"])
def test_nothing_outside_a_folder_is_read_whatever_came_after_the_scan(
    tmp_path: Path, linked: Path, private: Path, path: str
) -> None:
    source = open_source(linked)
    (linked / "a" / "img7.png").unlink()
    (linked / "a").rmdir()
    (linked / "a").symlink_to(private.parent)
    private.rename(private.parent / "img7.png")
    (private.parent / "img0.png").hardlink_to(private.parent / "img7.png")
    (linked / "img0.png").symlink_to(private.parent / "img0.png")
    with pytest.raises(PermissionError, match="link out of the folder"):
        source.read(path)


def test_a_folder_of_nothing_but_links_out_is_refused_at_once_with_the_mend(
    tmp_path: Path, private: Path
) -> None:
    pool = tmp_path / "pool"
    pool.mkdir()
    (pool / "x.png").symlink_to(private)
    with pytest.raises(PoolError, match=r"no file that is read; x.png: .*HONE_IMAGE_ROOTS="):
        open_source(pool)


def test_a_folder_that_is_itself_reached_by_a_link_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "pool", 1)
    (tmp_path / "link").symlink_to(tmp_path / "pool")
    (found,) = scan(open_source(tmp_path / "link"), {})
    assert found.problem is None


def test_a_class_list_that_is_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    pool = fill(tmp_path / "pool", 1)
    (tmp_path / "secret.txt").write_text("a secret")
    (pool / "classes.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(PoolError, match=r"classes\.txt is a link out of its folder"):
        open_project(pool)
