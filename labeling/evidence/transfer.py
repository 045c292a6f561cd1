"""Whether the backbone helps on this pool, and whether new samples still fit it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.embedding.ingest import ADDED_FROM
from labeling.errors import UnreadableError
from labeling.evidence.gathering import Evidence
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.shift import Shift
    from models.evidence.transfer import Gain

MOST_LABELS = 300  # to compare; embedding them with random weights takes seconds


@dataclass(frozen=True)
class Transfer:
    """The backbone's gain over plain features and over its own untrained architecture."""

    plain: "Gain"
    random: "Gain"


def transfer(project: Project, round_: "Round", evidence: Evidence, device: str) -> Transfer | None:
    """Compare the backbone on the labels; None while there are too few.

    The blind checks come first, then the newest labels, up to 300.
    """
    from models.encoders.backbones import resolve
    from models.encoders.families import FAMILIES
    from models.evidence.transfer import compare

    medium = project.source.medium
    family = FAMILIES[medium]
    order = np.lexsort((-np.arange(len(evidence.rows)), ~evidence.uniform))[:MOST_LABELS]
    small = project.framed([evidence.ids[place] for place in order], family.plain_framing())
    readable = np.array([not isinstance(one, UnreadableError) for one in small], dtype=bool)
    places = order[readable]
    if len(places) == 0 or len(np.unique(evidence.labels[places])) < 2:
        return None
    ours = round_.table.features[evidence.rows[places]].astype(np.float32)
    labels, uniform = evidence.labels[places], evidence.uniform[places]
    groups = evidence.groups[places]
    given = [one for one in small if not isinstance(one, UnreadableError)]
    plain = compare(ours, family.plain(given), labels, uniform, groups)
    if plain is None:
        return None
    settings = project.settings()
    used = resolve(settings.backbone, medium=medium, features=settings.features, device=device)
    twin = family.untrained(used)
    again = project.framed([evidence.ids[place] for place in places], twin.framing)
    framed = [one for one in again if not isinstance(one, UnreadableError)]
    if len(framed) < len(places):
        return None  # a file went just now
    random = compare(ours, family.embed_untrained(twin, framed), labels, uniform, groups)
    assert random is not None
    return Transfer(plain, random)


def added_shift(project: Project, round_: "Round", evidence: Evidence) -> "Shift | None":
    """How the images that were added last differ from the earlier pool; None if none were."""
    from models.evidence.shift import shift

    begin = project.store.setting(ADDED_FROM)
    if begin is None:
        return None
    old = [row for place, row in enumerate(round_.table.row_of.tolist()) if place < begin]
    new = [row for place, row in enumerate(round_.table.row_of.tolist()) if place >= begin]
    features = round_.table.features
    return shift(
        features[[row for row in old if row >= 0]],
        features[[row for row in new if row >= 0]],
        features[evidence.rows],
        np.random.default_rng(0),
    )
