"""What a person may choose for a project."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Overlap:
    """Which share of the pool is answered by how many people; by default none."""

    share: float = 0.0
    people: int = 2

    def covers(self, sample_id: str) -> bool:
        """Whether a sample belongs to the share; this is as good as random, and never changes."""
        return self.share > 0 and int(sample_id[-8:], 16) < self.share * 2**32


@dataclass(frozen=True)
class Settings:
    """What a person may choose for a project.

    `query` names how samples are picked, `head` what learns from the labels ("auto": whatever is
    better on them), `backbone` what turns images into embeddings (None: not chosen yet, the
    default for device and pool) and `features` which of its outputs (see models.encoders.features).
    `pool_map` says whether the head learns on a map of the pool that needs no labels ("auto": if
    the labels say that this is better, "always", "never").
    `next_backbone` with `next_features` is embedded in the background, to be switched to.
    `audit_share` is the share of samples drawn uniformly at random and shown without a pre-label,
    `pool_labels` whether labels that the pool has (in its CSV, or as the names of its folders)
    become imported answers (None: not decided yet), and `pinned_round` a restored round that stays
    until training is resumed. `overlap_share` of the pool is answered by `overlap_people`, none of
    whom sees what the others say; `goal_person` and `goal_team` are labels to reach, 0 for none.
    """

    query: str = "uncertainty_herding"
    head: str = "auto"
    backbone: str | None = None
    features: str = "pooled"
    pool_map: str = "auto"
    next_backbone: str | None = None
    next_features: str = "pooled"
    audit_share: float = 0.1
    seed: int = 0
    pool_labels: bool | None = None
    pinned_round: int | None = None
    overlap_share: float = 0.0
    overlap_people: int = 2
    goal_person: int = 0
    goal_team: int = 0

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> "Settings":
        """What was stored, perhaps by another version; the rest as it is by default."""
        names, stored = {field.name for field in fields(cls)}, stored or {}
        if stored.get("labels_from_folders"):  # its name when only folders were asked about
            stored = stored | {"pool_labels": True}
        return cls(**{name: value for name, value in stored.items() if name in names})

    @property
    def overlap(self) -> Overlap:
        """Which samples several people answer."""
        return Overlap(self.overlap_share, self.overlap_people)
