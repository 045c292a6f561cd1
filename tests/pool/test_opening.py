"""Opening a pool: what is no pool is refused with the mend."""

from pathlib import Path

import pytest

from labeling.errors import PoolError
from labeling.pool.opening import open_source
from tests.conftest import fill


def test_a_missing_pool_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"There is no .*nowhere; check the path"):
        open_source(tmp_path / "nowhere")


def test_a_path_that_is_too_long_is_no_crash() -> None:
    with pytest.raises(PoolError, match=r"There is no"):
        open_source(Path("/" + "x" * 5000))


def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_text("nothing")
    with pytest.raises(PoolError, match=r"nothing to label; put \.bmp.*\.png.*\.txt.* files there"):
        open_source(tmp_path)


def test_a_single_image_is_no_pool(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with pytest.raises(PoolError, match=r"img0\.png is neither a folder, nor a \.zip, nor a table"):
        open_source(tmp_path / "img0.png")


def test_a_folder_with_nothing_but_a_table_names_the_table(tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text("text,n\nsome words,1\n")
    with pytest.raises(PoolError, match=r"open the table in it: .*messages\.csv"):
        open_source(tmp_path)
