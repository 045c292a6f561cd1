"""The file of a pool map: the same map comes back, or an error says what to do."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.space.map_file import DamagedMapError, load_map, save_map
from models.space.pool_map import PoolMap, Recipe
from tests.models.space.test_pool_map import embeddings

SMALL = Recipe(axes=16, reference=150)


@pytest.fixture
def pool() -> np.ndarray:
    return embeddings(200)


def fitted(pool: np.ndarray, recipe: Recipe = SMALL) -> PoolMap:
    return PoolMap.fit(pool, widths=(10, 14), weights=(1.0, 0.5), recipe=recipe)


@pytest.mark.parametrize("recipe", [SMALL, Recipe(), Recipe(axes=4, steps=0)])
def test_a_map_comes_back_as_it_was(recipe: Recipe, pool: np.ndarray, tmp_path: Path) -> None:
    made, file = fitted(pool, recipe), tmp_path / "map.npz"
    save_map(file, made)
    found = load_map(file)
    assert (found.recipe, found.size, found.digest) == (made.recipe, made.size, made.digest)
    assert (found.parts.widths, found.parts.weights) == ((10, 14), (1.0, 0.5))
    assert found.is_of(pool)
    new = embeddings(30, seed=4)
    np.testing.assert_array_equal(found.transform(new), made.transform(new))
    np.testing.assert_array_equal(found.transform(pool, own=True), made.transform(pool, own=True))
    assert [one.name for one in tmp_path.iterdir()] == ["map.npz"]


def test_a_map_that_cannot_be_written_whole_leaves_the_earlier_one(
    pool: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "map.npz"
    save_map(file, fitted(pool))
    before = file.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_map(file, fitted(pool[:100]))
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["map.npz"]


@pytest.mark.parametrize("length", [0, 10, 400, -100, -1])
def test_a_file_that_was_cut_off_is_damaged(length: int, pool: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "map.npz"
    save_map(file, fitted(pool))
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(DamagedMapError, match=r"map.npz is not a readable map .*: delete it"):
        load_map(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", np.array(99)),
        ("anchors", np.zeros((150, 15), np.float16)),
        ("states", np.zeros((1, 150, 16), np.float16)),
        ("projection", np.full((24, 16), np.nan, np.float32)),
        ("spans", np.zeros(150, np.float32)),
        ("reference", np.arange(150)[::-1]),
        ("widths", np.array([10, 15])),
        ("weights", np.array([1.0, np.nan])),
        ("weights", np.array([1.0])),
        ("recipe_neighbours", np.array(0)),
        ("anchors", np.array(["pickle"], dtype=object)),
    ],
)
def test_a_file_whose_parts_do_not_fit_is_damaged(
    name: str, value: np.ndarray, pool: np.ndarray, tmp_path: Path
) -> None:
    file = tmp_path / "map.npz"
    save_map(file, fitted(pool))
    with np.load(file) as kept:
        parts = dict(kept)
    assert name in parts
    np.savez(file, **parts | {name: value})
    with pytest.raises(DamagedMapError, match="delete it"):
        load_map(file)


def test_a_compressed_file_is_refused_since_its_size_would_be_unlimited(
    pool: np.ndarray, tmp_path: Path
) -> None:
    file = tmp_path / "map.npz"
    save_map(file, fitted(pool))
    with zipfile.ZipFile(file) as kept:
        parts = {name: kept.read(name) for name in kept.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    with pytest.raises(DamagedMapError, match="compressed"):
        load_map(file)


def test_a_file_that_is_not_there_is_no_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_map(tmp_path / "map.npz")
