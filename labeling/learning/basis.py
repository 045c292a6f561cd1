"""The basis of a head: the features that it is fitted on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy.typing as npt

from models.scoring import Scorer


@dataclass(frozen=True, eq=False)
class Basis:
    """Features of a table's rows, the encoder's own ones or those of a map of the pool.

    Row i of `features` (N, W), any float type, is row i of the table. Queries measure distances on
    its first `kernel` columns (None: on all). `map_digest` names the map; it is empty for the
    encoder's own features.
    """

    features: npt.NDArray[Any]
    device: str = "cpu"
    kernel: int | None = None
    map_digest: str = ""

    @cached_property
    def scorer(self) -> Scorer:
        """What scores the rows; on an accelerator they are copied to it at the first use."""
        return Scorer(self.features, self.device)
