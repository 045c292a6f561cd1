"""Which kind of head suits these labels best; compared while nobody labels."""

import time
from typing import TYPE_CHECKING

import numpy as np

from labeling.learning.worker import Newer
from models.head import Cancelled

if TYPE_CHECKING:
    from labeling.learning.basis import Basis
    from labeling.learning.snapshot import Snapshot

SIMPLE_HEAD = "logistic"
FIRST_COMPARED = 128  # labels at the first comparison; the next come whenever the labels double
QUIET = 2.0  # seconds without an answer before an interrupted comparison starts again
LOOK = 0.05  # … and between two looks for an answer


class HeadChoice:
    """Compares the heads on the first 128, 256, 512, … labels; `winner` is the newest result.

    No other labels are used, so that a restart gives the same result.
    """

    def __init__(self) -> None:
        self.winner = SIMPLE_HEAD
        self._compared = 0  # labels in the last comparison
        self._disturbed = False  # whether an answer came during the last one

    def compare(self, snapshot: "Snapshot", basis: "Basis", device: str, newer: Newer) -> None:
        """Compare the heads if that is due; stop when a newer answer comes."""
        from models.head.choice import choose_head

        size = 1 << max(0, len(snapshot.labels).bit_length() - 1)
        if size < FIRST_COMPARED or size == self._compared:
            return
        if self._disturbed and not is_quiet(newer):
            return
        rows, targets = snapshot.rows[:size], snapshot.labels[:size]
        if len(np.unique(targets)) < 2:
            return
        features, rng = basis.features[rows], np.random.default_rng(size)
        try:
            self.winner = choose_head(features, targets, rng, device=device, stop=newer)
        except Cancelled:
            self._disturbed = True
            return  # the next idle moment
        self._compared, self._disturbed = size, False


def is_quiet(newer: Newer) -> bool:
    """Wait for a while; whether no newer answer came in that time."""
    end = time.monotonic() + QUIET
    while not newer() and time.monotonic() < end:
        time.sleep(LOOK)
    return not newer()
