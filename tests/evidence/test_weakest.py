"""The weakest classes: by blind checks, else by all labels, with the images that teach them."""

import pytest

from labeling.evidence.weakest import class_facts, to_teach
from labeling.loop.session import Session
from tests.evidence.test_error_rate import OLD, RBC, WBC, checks


def test_the_class_that_blind_checks_find_least_comes_first() -> None:
    evidence = checks(
        [(WBC, WBC, 0.9, True)] * 9
        + [(WBC, RBC, 0.9, True)]
        + [(RBC, RBC, 0.9, True)] * 2
        + [(RBC, WBC, 0.9, True)] * 3
        + [(RBC, OLD, 0.9, True)]
        + [(OLD, OLD, 0.9, False)] * 4
    )
    facts = class_facts(evidence, {WBC: 7, RBC: 5}, [WBC, RBC, OLD])
    assert [one.class_id for one in facts] == [RBC, WBC, OLD]
    worst, good, unchecked = facts
    assert (worst.right, worst.checks, worst.mostly, worst.mistaken) == (2, 6, WBC, 4)
    assert worst.low is not None and worst.high is not None and worst.low < 2 / 6 < worst.high
    assert (good.right, good.checks, good.mostly, good.guessed) == (9, 10, RBC, 7)
    assert (unchecked.checks, unchecked.low, unchecked.labels, unchecked.guessed) == (0, None, 4, 0)


def test_a_class_without_any_label_is_in_the_list_too() -> None:
    facts = class_facts(checks([(WBC, WBC, 0.9, True)] * 5), {}, [WBC, RBC])
    assert [one.class_id for one in facts] == [RBC, WBC]
    assert facts[0].share == pytest.approx(0.5) and facts[0].labels == 0


def test_the_images_to_teach_a_class_are_open_and_the_least_sure_first(session: Session) -> None:
    evidence, round_ = session.figures.evidence(), session.round
    assert evidence is not None and round_ is not None and round_.scores is not None
    for key in {one.id for one in session.store.classes.all()}:
        ids = to_teach(round_, evidence, key, 5)
        assert not set(ids) & set(session.labels())
        rows = round_.table.rows(ids)
        sure = round_.scores.first[rows].tolist()
        assert sure == sorted(sure) and len(ids) <= 5
        assert {int(one) for one in round_.scores.best[rows]} <= {key}
