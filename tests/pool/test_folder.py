"""Folders: their images in natural order, and what only looks like one is said by name."""

import os
from pathlib import Path

import pytest

from tests.conftest import fill, picture
from tests.pool.conftest import scanned


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_named_like_an_image_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    os.mkfifo(tmp_path / "pipe.png")
    assert scanned(tmp_path)["pipe.png"].problem == "it is not a file"


def test_a_dangling_link_is_named_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert "cannot be opened: No such file" in str(scanned(tmp_path)["gone.png"].problem)


def test_a_project_that_lies_inside_its_pool_is_not_part_of_the_pool(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    fill(tmp_path / "project" / "thumbnails", 2, first=1)
    (tmp_path / "project" / "hone.sqlite").touch()
    assert list(scanned(tmp_path)) == ["img0.png"]
