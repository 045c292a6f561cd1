"""Heat maps: where in a sample the evidence for a class lies."""

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from labeling.errors import HoneError, UnreadableError
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.encoders.encoder import Encoder

_ONE_AT_A_TIME = Lock()  # a map is read from hooks in the backbone, which all requests share


def shown_evidence(
    project: Project, round_: "Round | None", device: str, sample_id: str, class_id: int
) -> bytes:
    """What the board shows of the evidence for a class in a sample, as its medium shows it.

    Raises HoneError with the reason if no map is possible: the head is not linear, or the backbone
    does not average what it sees.
    """
    from models.encoders.families import FAMILIES
    from models.evidence.heat import NoHeatMapError

    if round_ is None or (head := round_.linear) is None:
        raise HoneError("A heat map needs the logistic head.")
    if class_id not in head.classes:
        raise HoneError("The model does not know that class yet.")
    settings, medium = project.settings(), project.source.medium
    with _ONE_AT_A_TIME:
        encoder = _loaded(medium, settings.backbone, settings.features, device)
        (framed,) = project.framed([sample_id], encoder.framing)
        if isinstance(framed, UnreadableError):
            raise framed
        center = round_.table.space.center
        try:
            found = FAMILIES[medium].evidence(encoder, head, center, framed, class_id)
        except NoHeatMapError as error:
            raise HoneError(str(error)) from error
    return project.medium.evidence(framed, found)


@lru_cache(1)
def _loaded(medium: str, name: str | None, features: str, device: str) -> "Encoder":
    from models.encoders.backbones import resolve

    return resolve(name, medium=medium, features=features, device=device)
