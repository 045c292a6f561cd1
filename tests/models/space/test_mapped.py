"""The features of a map on disk: learned, extended, found again, and never those of others."""

from pathlib import Path

import numpy as np
import pytest

from models.head.stopping import Cancelled
from models.space import mapped as module
from models.space.map_file import load_map
from models.space.mapped import MAP, Mapped
from tests.models.space.test_pool_map import embeddings

ROWS = 120


@pytest.fixture
def pool() -> np.ndarray:
    return embeddings(ROWS + 30)


def learned(folder: Path, pool: np.ndarray, rows: int = ROWS) -> Mapped:
    return Mapped.learn(folder, pool[:rows], np.arange(rows))


def features_file(folder: Path) -> Path:
    (file,) = folder.glob("map-*.f16")
    return file


def test_every_row_has_the_features_that_the_map_gives_it(pool: np.ndarray, tmp_path: Path) -> None:
    found = Mapped.learn(tmp_path, pool, np.arange(ROWS))  # the last 30 are not of the pool
    made = load_map(tmp_path / MAP)
    assert (found.size, found.digest, found.kernel) == (ROWS, made.digest, made.kernel)
    expected = made.transform(pool, own=True)
    np.testing.assert_allclose(found.features, expected, atol=1e-3)
    assert found.features.dtype == np.float16 and not found.features.flags.writeable


def test_what_was_learned_is_found_again(pool: np.ndarray, tmp_path: Path) -> None:
    before = learned(tmp_path, pool)
    found = Mapped.read(tmp_path, pool[:ROWS])
    assert found is not None and found.digest == before.digest
    np.testing.assert_array_equal(found.features, before.features)
    grown = Mapped.read(tmp_path, pool)
    assert grown is not None and len(grown.features) == ROWS
    assert before.is_newest(tmp_path)


def test_new_rows_are_appended_and_the_others_stay(pool: np.ndarray, tmp_path: Path) -> None:
    before = learned(tmp_path, pool)
    after = before.extended(tmp_path, pool)
    assert len(after.features) == len(pool) and after.digest == before.digest
    np.testing.assert_array_equal(after.features[:ROWS], before.features)
    new = load_map(tmp_path / MAP).transform(pool[ROWS:])
    np.testing.assert_allclose(after.features[ROWS:], new, atol=1e-3)
    assert not before.is_newest(tmp_path)
    assert after.extended(tmp_path, pool).features.shape == after.features.shape


def test_what_a_killed_process_has_begun_to_append_is_not_seen_and_is_overwritten(
    pool: np.ndarray, tmp_path: Path
) -> None:
    before = learned(tmp_path, pool)
    with features_file(tmp_path).open("ab") as file:
        file.write(b"part of a row")
    found = Mapped.read(tmp_path, pool)
    assert found is not None and len(found.features) == ROWS
    whole = found.extended(tmp_path, pool)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    expected = learned(undisturbed, pool).extended(undisturbed, pool)
    np.testing.assert_array_equal(whole.features, expected.features)
    np.testing.assert_array_equal(whole.features[:ROWS], before.features)


def test_a_map_of_other_embeddings_is_not_taken(pool: np.ndarray, tmp_path: Path) -> None:
    assert Mapped.read(tmp_path, pool) is None
    learned(tmp_path, pool)
    assert Mapped.read(tmp_path, embeddings(ROWS, seed=5)) is None
    assert Mapped.read(tmp_path, pool[: ROWS - 1]) is None
    assert Mapped.read(tmp_path, pool[:, :20]) is None


@pytest.mark.parametrize("lost", ["map", "features"])
def test_a_damaged_map_is_none(pool: np.ndarray, tmp_path: Path, lost: str) -> None:
    learned(tmp_path, pool)
    if lost == "map":
        (tmp_path / MAP).write_bytes((tmp_path / MAP).read_bytes()[:500])
    else:
        features_file(tmp_path).unlink()
    assert Mapped.read(tmp_path, pool) is None
    assert len(learned(tmp_path, pool).features) == ROWS


def test_who_stops_leaves_the_earlier_map(pool: np.ndarray, tmp_path: Path) -> None:
    before = learned(tmp_path, pool)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for after in range(1, 4):
        asked: list[int] = []

        def stop(asked: list[int] = asked, after: int = after) -> bool:
            asked.append(1)
            return len(asked) >= after

        with pytest.raises(Cancelled):
            Mapped.learn(tmp_path, pool, np.arange(len(pool)), stop=stop)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
    assert before.is_newest(tmp_path)


def test_a_new_map_leaves_nothing_of_earlier_ones(pool: np.ndarray, tmp_path: Path) -> None:
    old = learned(tmp_path, pool, rows=60)
    (tmp_path / "map-12345.tmp").write_bytes(b"of a killed process")
    (tmp_path / "matrix.f16").write_bytes(b"the embeddings")
    new = learned(tmp_path, pool)
    assert new.digest != old.digest and not old.is_newest(tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {MAP, f"map-{new.digest}.f16", "matrix.f16"}
    assert np.isfinite(old.features).all()  # who still uses it can read it


def test_a_map_is_outgrown_when_its_pool_has_grown_by_a_quarter(tmp_path: Path) -> None:
    found = learned(tmp_path, embeddings(200), rows=200)
    assert [found.is_outgrown(rows) for rows in (200, 249, 250)] == [False, False, True]


def test_progress_rises_to_the_end(pool: np.ndarray, tmp_path: Path) -> None:
    told: list[float] = []
    Mapped.learn(tmp_path, pool, np.arange(len(pool)), progress=told.append)
    assert told == sorted(told) and told[-1] == 1.0


def test_a_large_pool_has_a_smaller_map(
    pool: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 100)
    wide = embeddings(140, width=200)
    learned(tmp_path, wide, rows=140)
    recipe = load_map(tmp_path / MAP).recipe
    assert (recipe.axes, recipe.reference) == (128, 20_000)
    learned(tmp_path, wide, rows=100)
    assert load_map(tmp_path / MAP).recipe.axes == 256


@pytest.mark.parametrize("pool", [np.ones((30, 8)), np.zeros((25, 4)), np.eye(3)])
def test_pools_without_differences_have_a_map_of_numbers(pool: np.ndarray, tmp_path: Path) -> None:
    found = Mapped.learn(tmp_path, pool.astype(np.float16), np.arange(len(pool)))
    assert np.isfinite(found.features).all()
