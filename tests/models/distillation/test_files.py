"""A file is whole or as it was before."""

from pathlib import Path

import numpy as np
import pytest

from models.distillation.files import write_whole


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    write_whole(file, lambda path: path.write_text("first"))

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_whole(file, fail)
    assert file.read_text() == "first"
    write_whole(file, lambda path: path.write_text("second"))
    assert file.read_text() == "second"


def test_an_array_keeps_its_name(tmp_path: Path) -> None:
    write_whole(tmp_path / "rows.npy", lambda path: np.save(path, np.arange(3)))
    assert [file.name for file in tmp_path.iterdir()] == ["rows.npy"]
    assert np.load(tmp_path / "rows.npy").tolist() == [0, 1, 2]
