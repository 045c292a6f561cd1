"""Whether the head learns on the map of the pool; the labels decide while nobody labels."""

from typing import TYPE_CHECKING

import numpy as np

from labeling.learning.head_choice import SIMPLE_HEAD, is_quiet
from labeling.learning.worker import Newer
from models.head import Cancelled

if TYPE_CHECKING:
    from labeling.learning.basis import Basis
    from labeling.learning.snapshot import Indices, Snapshot

FIRST = 20  # labels at the first comparison; the next come …
STEP, GROWTH = 10, 1.1  # … after ten more labels, and a tenth more
MOST = 2000  # of more labels, so many random ones are compared


class FeatureChoice:
    """Compares the encoder's own features with those of a map; `on_map` is the newest result.

    It begins with the encoder's own, and changes only where the labels say so clearly.
    """

    def __init__(self, *, on_map: bool) -> None:
        self.on_map = on_map
        self._compared = 0  # labels in the last comparison
        self._disturbed = False  # whether an answer came during the last one

    def compare(self, snapshot: "Snapshot", mapped: "Basis", device: str, newer: Newer) -> None:
        """Compare both if that is due; stop when a newer answer comes."""
        from models.evidence.guard import is_clearly_better

        count = len(snapshot.labels)
        is_due = count >= max(FIRST, self._compared + STEP, GROWTH * self._compared)
        if not (is_due or FIRST <= count < self._compared) or not snapshot.can_teach:
            return
        if self._disturbed and not is_quiet(newer):
            return
        chosen = np.arange(count)
        if count > MOST:
            chosen = np.sort(np.random.default_rng(count).choice(count, MOST, replace=False))
        try:
            own, other = (
                _losses(snapshot, chosen, basis, device, newer)
                for basis in (snapshot.table.own, mapped)
            )
        except Cancelled:
            self._disturbed = True
            return  # the next idle moment
        self._compared, self._disturbed = count, False
        present, other = (other, own) if self.on_map else (own, other)
        self.on_map ^= is_clearly_better(other, present)


def _losses(
    snapshot: "Snapshot", chosen: "Indices", basis: "Basis", device: str, newer: Newer
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The left-out losses of a head on some of the labels, near-duplicates left out together."""
    from models.evidence.guard import left_out_losses
    from models.evidence.near_duplicates import near_duplicates
    from models.head import HEADS

    rows, labels = snapshot.rows[chosen], snapshot.labels[chosen]
    sure = snapshot.certainty
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
