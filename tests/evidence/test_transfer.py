"""Transfer: what the pretrained model gains over pixels and over random weights."""

import numpy as np

from labeling.evidence.transfer import transfer
from labeling.loop.session import Session


def test_the_backbone_is_compared_with_pixels_and_random_weights(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    found = transfer(session.project, session.round, evidence, session.ingest.device)
    assert found is not None
    assert found.plain.rows in (int(evidence.uniform.sum()), 32)
    assert 0.5 < found.plain.ours <= 1.0
    assert np.isfinite(found.random.gain.mean)
