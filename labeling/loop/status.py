"""The state of the loop in one value."""

from dataclasses import dataclass

from labeling.embedding.ingest import IngestState
from labeling.learning.moved import Moved
from labeling.learning.worker import State


@dataclass(frozen=True)
class Status:
    """The state of the loop; every count is of samples that are in the pool now.

    `version` counts the changes of this value, `changed` is the newest change of classes or of
    valid answers. `left_out` counts the files that cannot be read; only the first few are named.
    `pool` changes with the samples and imported answers. `moved` is the change of the newest round
    against the one before.
    """

    version: int
    changed: int
    state: str
    error: str | None
    round_id: int | None
    pinned: bool
    seen: int
    labels: int
    skipped: int
    unsure: int
    total: int
    left_out: int
    left_out_names: tuple[str, ...]
    round_seconds: float | None
    complete: bool
    stages: dict[str, float]
    ingest: IngestState
    pool: int
    per_class: dict[int, int]
    moved: Moved | None


def state_of(worker: State, ingest: IngestState) -> State:
    """The present activity, in one word: the worker's state, or the embedding while it rests."""
    if worker in (State.IDLE, State.WAITING_FOR_LABELS):
        if ingest.stage == "failed":
            return State.FAILED
        if ingest.stage != "done":
            return State.EMBEDDING
    return worker
