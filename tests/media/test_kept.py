"""Previews are made once, and shown even where they cannot be kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labeling.errors import UnreadableError
from labeling.media.image import browser_copy
from labeling.media.kept import cached_copy
from tests.conftest import picture
from tests.media.test_image import encoded


def test_a_cached_copy_is_made_once_also_by_many_threads(tmp_path: Path) -> None:
    data = encoded(picture(0), "PNG")
    with ThreadPoolExecutor(8) as pool:
        copies = list(
            pool.map(
                lambda _: cached_copy(
                    tmp_path, "ab" * 32, "thumb", lambda: browser_copy(data, "a", "thumb")
                ),
                range(16),
            )
        )
    assert len(set(copies)) == 1
    assert [file.name for file in tmp_path.rglob("*.*")] == [f"{'ab' * 32}-thumb.webp"]

    def unread() -> bytes:
        raise AssertionError("the copy should have been used")

    assert cached_copy(tmp_path, "ab" * 32, "thumb", unread) == copies[0]


def test_an_image_is_shown_even_if_its_copy_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("a file where the folder should be")
    data = encoded(picture(0), "PNG")
    content = cached_copy(
        tmp_path / "thumbnails", "ab" * 32, "thumb", lambda: browser_copy(data, "a", "thumb")
    )
    assert content[8:12] == b"WEBP"


def test_nothing_is_kept_of_an_image_that_cannot_be_decoded(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        cached_copy(tmp_path, "ab" * 32, "thumb", lambda: browser_copy(b"text", "a", "thumb"))
    assert list(tmp_path.rglob("*.*")) == []
