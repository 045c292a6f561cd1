"""How far a long job is: the embedding of a pool, or of a backbone on trial."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is; `stage` is waiting, scanning, loading, embedding, done or failed."""

    stage: str = "waiting"
    done: int = 0
    total: int = 0
    rate: float = 0.0  # samples a second
    seconds_left: float | None = field(default=None, init=False)  # None until a rate is known
    error: str | None = None

    def __post_init__(self) -> None:
        # A field and no property, so that it is in the replies of the API.
        known = self.rate and self.stage != "done"
        left = (self.total - self.done) / self.rate if known else None
        object.__setattr__(self, "seconds_left", left)
