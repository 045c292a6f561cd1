"""Whether the head learns on the map of the pool; the labels decide while nobody labels."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labeling.learning.head_choice import SIMPLE_HEAD, is_quiet
from labeling.learning.worker import Newer
from models.head import Cancelled
from models.head.stopping import never

if TYPE_CHECKING:
    from labeling.learning.basis import Basis
    from labeling.learning.snapshot import Indices, Snapshot

FIRST = 20  # labels at the first comparison; the next come …
STEP, GROWTH = 10, 1.1  # … after ten more, or a tenth more
SHORT = 2000  # labels times classes that take some tenths of a second, even while somebody labels
MOST = 2000  # of more labels, so many random ones are compared


class FeatureChoice:
    """Compares the encoder's own features with those of a map; `on_map` is the newest result.

    It begins with the encoder's own, and changes only where the labels say so clearly. Each
    comparison takes the first 20, 30, 40, … labels, so that neither the pace of the answers nor a
    restart changes a result. `compared` are the labels in the last one.
    """

    def __init__(self, *, on_map: bool = False, compared: int = 0) -> None:
        self.on_map, self.compared = on_map, compared
        self._disturbed = False  # whether an answer came during the last one

    @property
    def state(self) -> dict[str, Any]:
        """What makes the same choice again, as JSON."""
        return {"on_map": self.on_map, "compared": self.compared}

    def compare(self, snapshot: "Snapshot", mapped: "Basis", device: str, newer: Newer) -> None:
        """Make the comparisons that are due; a long one stops when a newer answer comes."""
        from models.evidence.guard import is_clearly_better

        while (size := _next(self.compared)) <= len(snapshot.labels):
            is_short = size * len(np.unique(snapshot.labels[:size])) <= SHORT
            if self._disturbed and not is_short and not is_quiet(newer):
                return
            try:
                own, other = (
                    _losses(snapshot, size, basis, device, never if is_short else newer)
                    for basis in (snapshot.table.own, mapped)
                )
            except Cancelled:
                self._disturbed = True
                return  # the next idle moment
            self.compared, self._disturbed = size, False
            present, other = (other, own) if self.on_map else (own, other)
            self.on_map ^= is_clearly_better(other, present)


def _next(compared: int) -> int:
    """The number of labels at the comparison after that of `compared` labels."""
    return max(FIRST, compared + STEP, int(GROWTH * compared))


def _losses(
    snapshot: "Snapshot", size: int, basis: "Basis", device: str, newer: Newer
) -> npt.NDArray[np.float64]:
    """Left-out losses of a head on the first labels, near-duplicates left out together."""
    from models.evidence.guard import left_out_losses
    from models.evidence.near_duplicates import near_duplicates
    from models.head import HEADS

    chosen: Indices = np.arange(size)
    if size > MOST:
        chosen = np.sort(np.random.default_rng(size).choice(size, MOST, replace=False))
    rows, labels, sure = snapshot.rows[chosen], snapshot.labels[chosen], snapshot.certainty
    if len(np.unique(labels)) < 2:
        return np.empty(0)
    head = HEADS[SIMPLE_HEAD](
        basis.features[rows],
        labels,
        audits=snapshot.audits[chosen],
        certainty=None if sure is None else sure[chosen],
        device=device,
        stop=newer,
    )
    groups = near_duplicates(snapshot.table.features[rows])
    return left_out_losses(head, basis.features[rows], labels, groups)
