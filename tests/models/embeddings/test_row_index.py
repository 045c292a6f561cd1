"""The row index: against a dict, whatever the keys look like and however they came."""

import threading

import numpy as np
import pytest

from models.embeddings import row_index
from models.embeddings.row_index import RowIndex, as_keys


def random_keys(count: int, seed: int = 0) -> list[bytes]:
    drawn = np.random.default_rng(seed).bytes(32 * count)
    return [drawn[begin : begin + 32] for begin in range(0, len(drawn), 32)]


def counted_keys(count: int) -> list[bytes]:
    """Keys that share most of their bytes, the last one or the first."""
    return [
        *(number.to_bytes(32, "big") for number in range(count // 2)),
        *(number.to_bytes(32, "little") for number in range(1 << 20, (1 << 20) + count // 2)),
    ]


@pytest.mark.parametrize("keys", [random_keys(600), counted_keys(600)], ids=["random", "counted"])
@pytest.mark.parametrize("least", [1, 50, 10_000])
def test_keys_are_found_like_in_a_dict(
    keys: list[bytes], least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_index, "LEAST_NEW", least)
    known = {key: row for row, key in enumerate(keys[:500])}
    asked = [keys[number] for number in np.random.default_rng(1).integers(0, 600, 300)]
    expected = [known.get(key, -1) for key in asked]
    index = RowIndex(b"".join(keys[:100]))
    for begin in range(100, 500, 40):
        index.add(b"".join(keys[begin : begin + 40]))
        assert len(index) == begin + 40
    for built in (index, RowIndex(b"".join(keys[:500]))):
        assert built.find(b"".join(asked)).tolist() == expected
        assert [int(built.find(key)[0]) for key in asked[:20]] == expected[:20]


def test_an_empty_index_finds_nothing() -> None:
    assert len(RowIndex()) == 0
    assert RowIndex().find(b"").shape == (0,)
    assert RowIndex().find(b"".join(random_keys(3))).tolist() == [-1, -1, -1]


def test_keys_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "hashed", lambda keys: keys[:, 0] % np.uint64(3))
    keys = random_keys(60)
    index = RowIndex(b"".join(keys[:50]))
    assert index.find(b"".join(keys)).tolist() == [*range(50), *[-1] * 10]


def test_keys_hardly_ever_share_a_hash() -> None:
    for keys in (random_keys(20_000), counted_keys(20_000)):
        assert len(np.unique(row_index.hashed(as_keys(b"".join(keys))))) == 20_000


def test_a_reader_never_misses_a_key_while_others_are_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_index, "LEAST_NEW", 3)
    keys = random_keys(400)
    index = RowIndex()
    done = threading.Event()
    wrong: list[int] = []

    def read() -> None:
        while not done.is_set():
            count = len(index)
            found = index.find(b"".join(keys[:count])).tolist()
            wrong.extend(row for row, got in enumerate(found) if row != got)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for key in keys:
        index.add(key)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == [] and len(index) == 400
