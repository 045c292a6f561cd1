"""The row index: 32-byte keys to row numbers, many at once."""

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]  # (n, 4): the 32 bytes of each key

KEY_BYTES = 32
LEAST_NEW = 20_000  # unsorted keys are allowed up to this number, and …
NEW_SHARE = 4  # … up to one part in this many of the sorted ones
# Odd numbers without a pattern, so that different keys have different sums.
MIX = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93],
    dtype=np.uint64,
)


class RowIndex:
    """Key i has row i. Keys are distinct; a key that is added gets the next row.

    It takes 44 bytes a key, a third of a dict's. One thread may add while many look up.
    """

    def __init__(self, keys: bytes = b"") -> None:
        self._parts = (_Sorted(as_keys(keys)), dict[bytes, int]())

    def __len__(self) -> int:
        settled, new = self._parts
        return len(settled.keys) + len(new)

    def find(self, keys: bytes) -> Indices:
        """The row of each key (n,), -1 if missing."""
        settled, new = self._parts
        rows = settled.find(as_keys(keys))
        if new:
            for place in np.flatnonzero(rows < 0).tolist():
                rows[place] = new.get(keys[place * KEY_BYTES : (place + 1) * KEY_BYTES], -1)
        return rows

    def add(self, keys: bytes) -> None:
        """Give new keys the next rows."""
        settled, new = self._parts
        first = len(self)
        # In one step: a reader finds all of them or no key.
        new.update({key: first + place for place, key in enumerate(split(keys))})
        if len(new) > max(LEAST_NEW, len(settled.keys) // NEW_SHARE):
            added = as_keys(b"".join(new))
            self._parts = (_Sorted(np.concatenate([settled.keys, added])), dict[bytes, int]())


class _Sorted:
    """Keys found by their hash."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        hashes = hashed(keys)
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._order = order.astype(np.int32 if len(keys) < 2**31 else np.int64)

    def find(self, keys: Keys) -> Indices:
        rows = np.full(len(keys), -1, dtype=np.int64)
        hashes = hashed(keys)
        places = np.searchsorted(self._hashes, hashes)
        left = np.arange(len(keys))
        while True:  # a second time only for keys with the same hash
            left = left[places[left] < len(self._hashes)]
            left = left[self._hashes[places[left]] == hashes[left]]
            if len(left) == 0:
                return rows
            found = self._order[places[left]]
            same = (self.keys[found] == keys[left]).all(axis=1)
            rows[left[same]] = found[same]
            left = left[~same]
            places[left] += 1


def as_keys(data: bytes) -> Keys:
    """Keys (n, 4) over the same memory."""
    return np.frombuffer(data, dtype=np.uint64).reshape(-1, KEY_BYTES // 8)


def hashed(keys: Keys) -> npt.NDArray[np.uint64]:
    """A number (n,) that two keys almost never share."""
    mixed: npt.NDArray[np.uint64] = keys @ MIX  # modulo 2⁶⁴
    return mixed


def split(keys: bytes) -> list[bytes]:
    """Each key by itself."""
    return [keys[begin : begin + KEY_BYTES] for begin in range(0, len(keys), KEY_BYTES)]
