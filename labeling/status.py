"""Where the loop stands, in one value."""

from dataclasses import dataclass

from labeling.ingest import IngestState


@dataclass(frozen=True)
class Status:
    """Where the loop stands; every count is of samples that are in the pool now.

    `left_out` counts the files that cannot be read; the names are those of the first few.
    """

    version: int
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
    per_class: dict[int, int]
