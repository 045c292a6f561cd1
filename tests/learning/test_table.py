"""Tables: rows of features that follow their samples, made anew only when something is other."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from labeling.answers.sample_index import SampleIndex
from labeling.learning.table import SMALL, Table, Tables, make_table
from models.embeddings.cache import EmbeddingCache
from models.space.parts import Parts
from models.space.space import Space

Embeddings = npt.NDArray[np.float16]


def keys(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


@pytest.fixture
def embeddings() -> Embeddings:
    return np.abs(np.random.default_rng(0).normal(size=(20, 6))).astype(np.float16)


def test_each_row_holds_the_features_of_its_sample(embeddings: Embeddings) -> None:
    ids = keys(20)
    cached = np.random.default_rng(1).permutation(20)
    table = make_table(SampleIndex.of(ids), cached, embeddings)
    expected = Space.fit(embeddings).transform(embeddings)
    for place, key in enumerate(ids):
        row = table.row(key)
        assert row is not None and table.id(row) == key
        np.testing.assert_allclose(table.features[row], expected[cached[place]], atol=2e-3)
    assert table.features.dtype == np.float16


def test_samples_without_an_embedding_and_strangers_have_no_row(embeddings: Embeddings) -> None:
    ids = keys(20)
    cached = np.arange(20)
    cached[[3, 7]] = -1
    table = make_table(SampleIndex.of(ids), cached, embeddings)
    assert len(table) == 18
    assert table.row(ids[3]) is None and table.row("f" * 64) is None
    assert {table.row(key) for key in ids} - {None} == set(range(18))


def test_a_given_centre_is_used(embeddings: Embeddings) -> None:
    ids, center = keys(20), np.full(6, 0.5, dtype=np.float32)
    table = make_table(SampleIndex.of(ids), np.arange(20), embeddings, center=center)
    np.testing.assert_array_equal(table.space.center, center)
    np.testing.assert_allclose(table.features, Space(center).transform(embeddings), atol=2e-3)


def test_each_part_of_an_embedding_has_a_space_of_its_own(embeddings: Embeddings) -> None:
    embeddings[:, 4:] *= 100
    ids, parts = keys(20), [(4, 1.0), (2, 0.5)]
    table = make_table(SampleIndex.of(ids), np.arange(20), embeddings, parts=parts)
    expected = Parts.fit(embeddings, (4, 2), (1.0, 0.5)).transform(embeddings)
    np.testing.assert_allclose(table.features, expected, atol=2e-3)
    lengths = np.linalg.norm(table.features[:, :4].astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, 1 / np.sqrt(1.25), atol=2e-3)
    again = make_table(
        SampleIndex.of(ids), np.arange(20), embeddings, center=table.space.center, parts=parts
    )
    np.testing.assert_array_equal(again.features, table.features)


class Pool:
    """A cache that grows, and what Tables asks of an ingest."""

    def __init__(self, folder: Path) -> None:
        self.cache = EmbeddingCache(folder, "fp", 4)
        self.device, self.parts = "cpu", [(4, 1.0)]
        self.state = SimpleNamespace(stage="embedding")
        self.tables = Tables(self)  # type: ignore[arg-type]
        self._rosters: dict[int, SampleIndex] = {}

    def embed(self, ids: list[str]) -> None:
        rng = np.random.default_rng(len(self.cache))
        self.cache.append(ids, rng.random((len(ids), 4)).astype(np.float32))

    def newest(self, ids: list[str], **options: Any) -> Table | None:
        sample_index = self._rosters.setdefault(len(ids), SampleIndex.of(ids))
        return self.tables.newest(sample_index, **options)


def test_without_an_embedding_there_is_no_table(tmp_path: Path) -> None:
    pool, ids = Pool(tmp_path), keys(5)
    assert pool.newest(ids) is None
    pool.embed(keys(9)[7:])  # of another pool
    assert pool.newest(ids) is None


def test_a_table_is_kept_until_something_is_other(tmp_path: Path) -> None:
    pool, ids = Pool(tmp_path), keys(30)
    pool.embed(ids[:20])
    first = pool.newest(ids)
    assert first is not None and pool.newest(ids) is first
    assert pool.newest(ids, center=first.space.center) is first
    pool.embed(ids[20:21])
    second = pool.newest(ids)
    assert second is not None and second is not first and len(second) == 21
    other = pool.newest(ids, center=np.zeros(4, dtype=np.float32))
    assert other is not None and other is not second
    fewer = pool.newest(ids[:10])
    assert fewer is not None and len(fewer) == 10


def test_a_large_pool_gets_a_new_table_when_a_tenth_is_new_and_when_it_is_whole(
    tmp_path: Path,
) -> None:
    pool, ids = Pool(tmp_path), keys(SMALL + 1000)
    pool.embed(ids[: SMALL + 1])
    first = pool.newest(ids)
    pool.embed(ids[SMALL + 1 : SMALL + 100])
    assert pool.newest(ids) is first
    pool.embed(ids[SMALL + 100 : SMALL + 500])
    second = pool.newest(ids)
    assert second is not first
    pool.embed(ids[SMALL + 500 : SMALL + 501])
    assert pool.newest(ids) is second
    pool.state.stage = "done"
    third = pool.newest(ids)
    assert third is not None and len(third) == SMALL + 501
