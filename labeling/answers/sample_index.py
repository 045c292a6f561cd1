"""The index of a pool's samples, in their order, in a sixth of the memory of text."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from models.embeddings.row_index import KEY_BYTES, RowIndex

Places = npt.NDArray[np.int64]


class SampleIndex:
    """The ids of a pool's samples and the place of each; never changed, only replaced.

    A million ids as text, in a list and a dict, take 250 MB; here they take 44.
    """

    def __init__(self, keys: bytes = b"") -> None:
        """`keys` are the 32 bytes of each id, one after another."""
        self.keys = keys
        self._index = RowIndex(keys)

    @classmethod
    def of(cls, ids: Sequence[str]) -> "SampleIndex":
        """The index of some ids, 64 hexadecimal digits each."""
        return cls(bytes.fromhex("".join(ids)))

    def __len__(self) -> int:
        return len(self.keys) // KEY_BYTES

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self.keys[place * KEY_BYTES : (place + 1) * KEY_BYTES].hex()

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))

    def __contains__(self, sample_id: object) -> bool:
        return isinstance(sample_id, str) and self.place(sample_id) is not None

    def place(self, sample_id: str) -> int | None:
        """The place of a sample, or None if it is not in the pool; accepts any text."""
        place = int(self.places([sample_id])[0])
        return None if place < 0 else place

    def places(self, sample_ids: Sequence[str]) -> Places:
        """The place (n,) of each sample, -1 where it is not in the pool."""
        keys = [_key(one) for one in sample_ids]
        known = np.array([key is not None for key in keys], dtype=bool)
        places = np.full(len(keys), -1, dtype=np.int64)
        places[known] = self._index.find(b"".join(key for key in keys if key is not None))
        return places

    def places_of(self, other: "SampleIndex") -> Places:
        """The place (m,) here of each sample of another index, -1 where it is not here."""
        return self._index.find(other.keys)


def _key(sample_id: str) -> bytes | None:
    """The bytes of an id, or None if the text is not an id."""
    try:
        key = bytes.fromhex(sample_id)
    except ValueError:
        return None
    return key if key.hex() == sample_id and len(key) == KEY_BYTES else None
