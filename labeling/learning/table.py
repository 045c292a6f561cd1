"""The pool as the model sees it: one row of features for each embedded sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labeling.answers.current import CurrentAnswers
from labeling.answers.sample_index import SampleIndex
from labeling.embedding.ingest import Ingest
from labeling.learning.basis import Basis
from models.space.parts import Parts

if TYPE_CHECKING:
    from models.embeddings.cache import EmbeddingCache

GROWTH = 1.1  # during embedding, a new table is made when the rows have grown by a tenth
SMALL = 4000  # … or, up to this many rows, after any growth

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """Row i of `features` (N, D), float16 in `space`, belongs to sample id(i).

    These are the encoder's `own` features; all other code takes its rows from here.
    `place_of` (N,) is the place of each row in the index of samples, `row_of` (pool,) the row of
    each place, or -1, and `cached` (N,) the row of each embedding in its cache.
    """

    sample_index: SampleIndex
    place_of: npt.NDArray[np.int32]
    row_of: npt.NDArray[np.int32]
    cached: npt.NDArray[np.int64]
    space: Parts
    own: Basis

    @property
    def features(self) -> npt.NDArray[np.float16]:
        return self.own.features

    def __len__(self) -> int:
        return len(self.place_of)

    def id(self, row: int) -> str:
        """The sample of a row."""
        return self.sample_index[int(self.place_of[row])]

    def row(self, sample_id: str) -> int | None:
        """The row of a sample, or None if it is not embedded or not in the pool."""
        row = int(self.rows([sample_id])[0])
        return None if row < 0 else row

    def rows(self, sample_ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """The row (n,) of each sample, -1 where it is not embedded or not in the pool."""
        places = self.sample_index.places(sample_ids)
        rows = np.full(len(places), -1, dtype=np.int64)
        rows[places >= 0] = self.row_of[places[places >= 0]]
        return rows

    def open_rows(self, current: CurrentAnswers) -> npt.NDArray[np.int64]:
        """Rows of samples that are in the pool and have no answer now, ascending."""
        sample_index, is_open = current.open_places()
        if self.sample_index is sample_index:
            return np.flatnonzero(is_open[self.place_of])
        places = sample_index.places_of(self.sample_index)[
            self.place_of
        ]  # some may have left the pool meanwhile
        return np.flatnonzero((places >= 0) & is_open[places])


def make_table(
    sample_index: SampleIndex,
    cached: npt.NDArray[np.int64],
    matrix: npt.NDArray[Any],
    *,
    center: Floats | None = None,
    parts: Sequence[tuple[int, float]] = (),
    device: str = "cpu",
) -> Table:
    """A table of the samples that have an embedding.

    `cached` (pool,) is the row of `matrix` (M, D) that holds the embedding of each sample of the
    sample_index, or -1. The table keeps the matrix's order, so that a large one is
    read from end to end. Without a `center` it is centred on its own rows. `parts` are the widths
    and weights of embeddings of several parts, each of which gets a Space of its own.
    """
    embedded = np.flatnonzero(cached >= 0)
    order = embedded[np.argsort(cached[embedded])].astype(np.int32)
    row_of = np.full(len(sample_index), -1, dtype=np.int32)
    row_of[order] = np.arange(len(order), dtype=np.int32)
    rows = None if len(order) == len(matrix) else cached[order]
    widths, weights = zip(*(parts or [(matrix.shape[1], 1.0)]), strict=True)
    if center is not None:
        space = Parts.of(center, widths, weights)
    else:
        space = Parts.fit(matrix, widths, weights, rows)
    features = np.empty((len(order), matrix.shape[1]), dtype=np.float16)
    space.transform(matrix, rows, out=features)
    own = Basis(features, device)
    return Table(sample_index, order, row_of, cached[order], space, own)


class Tables:
    """Makes tables; a new one only when the pool, its embeddings or the centre have changed."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._newest: Table | None = None
        self._made_of: tuple[SampleIndex, EmbeddingCache, int, int] | None = None

    def newest(self, sample_index: SampleIndex, center: Floats | None = None) -> Table | None:
        """The table of the embedded samples of the pool, or None if nothing is embedded.

        `center` is the centre of a head that was fitted before.
        """
        cache, table = self._ingest.cache, self._newest
        if cache is None or len(cache) == 0:
            return None
        if table is not None and self._is_good(table, sample_index, cache, center):
            return table
        table = None  # a large pool leaves no room for two
        made_of = (sample_index, cache, len(cache), max(1, len(self._ingest.parts)))
        cached = cache.rows_of(sample_index.keys)
        if cached.max(initial=-1) < 0:
            return None
        self._newest = None
        self._newest = make_table(
            sample_index,
            cached,
            cache.matrix(),
            center=center,
            parts=self._ingest.parts,
            device=self._ingest.device,
        )
        self._made_of = made_of
        return self._newest

    def _is_good(
        self,
        table: Table,
        sample_index: SampleIndex,
        cache: "EmbeddingCache",
        center: Floats | None,
    ) -> bool:
        if center is not None and not np.array_equal(center, table.space.center):
            return False
        assert self._made_of is not None
        made_roster, made_cache, made_rows, made_parts = self._made_of
        # Of an earlier version's embeddings of one part, no parts are known at first.
        if made_cache is not cache or made_parts != max(1, len(self._ingest.parts)):
            return False
        cached = len(cache)
        if made_roster is sample_index and made_rows == cached:
            return True
        settled = self._ingest.state.stage == "done"
        return not settled and len(table) > SMALL and cached < len(table) * GROWTH
