"""Evidence: each label beside a guess that has not seen it."""

from labeling.evidence.confusion import Cell, confusion, most_mixed
from labeling.evidence.gathering import pool_accuracy
from labeling.loop.session import Session
from tests.mislabeled import wrong


def test_every_figure_rests_on_labels_that_the_head_has_not_seen(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None and session.figures.evidence() is evidence
    assert len(evidence.rows) == 32 and len(evidence.open_rows) == 8
    assert 1 <= evidence.uniform.sum() <= 16
    missed = {key for key, hit in zip(evidence.ids, evidence.hits, strict=True) if not hit}
    assert wrong(session) <= missed
    found = pool_accuracy(evidence)
    assert found is not None
    assert found.low < found.value <= 1.0
    cells = confusion(evidence, uniform=False)
    assert sum(len(cell.sample_ids) for cell in cells) == 32


def test_the_classes_in_most_mistakes_are_found_on_either_side() -> None:
    right = [Cell(key, key, ("a", "b", "c", "d", "e")) for key in range(1, 7)]
    cells = [*right, Cell(1, 2, ("f", "g")), Cell(3, 2, ("h",)), Cell(5, 4, ("i", "j", "k", "l"))]
    assert most_mixed(cells, 2) == {4, 5}
    assert most_mixed(cells, 3) == {2, 4, 5}
    assert most_mixed(cells, 9) == {1, 2, 3, 4, 5, 6}
