"""Heat maps: where in an image the evidence for a class lies."""

import io

import pytest
from PIL import Image

from labeling.errors import HoneError
from labeling.evidence.heat_map import shown_evidence
from labeling.loop.session import Session


def test_why_shows_what_the_backbone_sees(session: Session) -> None:
    key, warm = next(iter(session.labels())), session.store.classes.ensure("warm").id
    shown = Image.open(
        io.BytesIO(shown_evidence(session.project, session.round, session.ingest.device, key, warm))
    )
    assert shown.size == (300, 300)
    with pytest.raises(HoneError, match="does not know that class"):
        shown_evidence(session.project, session.round, session.ingest.device, key, 99)


def test_where_features_are_no_mean_of_cells_why_says_so(session: Session) -> None:
    key, warm = next(iter(session.labels())), session.store.classes.ensure("warm").id
    session.project.change(backbone="bundled", features="block-2+pooled")
    with pytest.raises(HoneError, match="does not average a feature map"):
        shown_evidence(session.project, session.round, session.ingest.device, key, warm)
