"""The error rate of the guesses of one class: blind checks alone, within a cut."""

from dataclasses import replace

import numpy as np
import pytest

from labeling.evidence.error_rate import Cut, ErrorRate, error_rate
from labeling.evidence.gathering import CHECKS, Evidence
from labeling.loop.session import Session
from models.evidence.left_out import LeftOut
from models.evidence.metrics import clopper_pearson

WBC, RBC, OLD = 1, 2, 3


def checks(rows: list[tuple[int, int, float, bool]]) -> Evidence:
    """Evidence of (label, predicted class, confidence, whether it is a blind check)."""
    labels, predicted, sure, blind = (np.array(column) for column in zip(*rows, strict=True))
    classes = np.array([WBC, RBC, OLD])
    proba = np.where(classes == predicted[:, None], sure[:, None], (1 - sure[:, None]) / 2)
    none = np.array([], dtype=np.int64)
    return Evidence(
        round_id=1,
        through=len(rows),
        changed=0,
        ids=tuple(str(place) for place in range(len(rows))),
        rows=np.arange(len(rows)),
        labels=labels,
        left_out=LeftOut(classes, proba),
        uniform=blind.astype(bool),
        chance=np.full(len(rows), np.nan),
        groups=np.arange(len(rows)),
        open_rows=none,
        open_confidence=none.astype(float),
    )


SURE = [(WBC, WBC, 0.95, True)] * 16 + [(RBC, WBC, 0.97, True)] * 2
UNSURE = [(WBC, WBC, 0.6, True)] * 5 + [(RBC, WBC, 0.55, True)] * 6
NOT_COUNTED = [(RBC, WBC, 0.99, False)] * 30 + [(WBC, RBC, 0.99, True)] * 20


def test_only_blind_checks_of_the_class_and_the_cut_are_counted() -> None:
    evidence = checks(SURE + UNSURE + NOT_COUNTED)
    sure = error_rate(evidence, [WBC], Cut(0.9))
    expected = clopper_pearson(2, 18)
    assert (sure.checks, sure.wrong) == (18, 2)
    assert (sure.low, sure.high) == (expected.low, expected.high)
    unsure = error_rate(evidence, [WBC], Cut(below=0.9))
    assert (unsure.checks, unsure.wrong) == (11, 6)
    every = error_rate(evidence, [WBC])
    assert (every.checks, every.wrong) == (29, 8)


def test_a_guess_that_is_exactly_as_sure_as_the_cut_is_on_its_upper_side() -> None:
    evidence = checks([(WBC, WBC, 0.75, True)] * CHECKS)
    assert error_rate(evidence, [WBC], Cut(0.75)).checks == CHECKS
    assert error_rate(evidence, [WBC], Cut(below=0.75)).checks == 0


def test_too_few_checks_give_their_number_and_no_figure() -> None:
    few = SURE[: CHECKS - 1]
    assert error_rate(checks(few), [WBC]) == ErrorRate(CHECKS - 1, 0)
    assert error_rate(checks(few), [WBC]).high is None
    assert error_rate(checks(SURE[:CHECKS]), [WBC]).high is not None
    assert error_rate(checks(few), [RBC]) == ErrorRate(0, 0)


@pytest.mark.parametrize("wrong, backs", [(0, True), (1, True), (6, False)])
def test_checks_back_a_confidence_that_their_interval_contains(wrong: int, backs: bool) -> None:
    rows = [(WBC, WBC, 0.97, True)] * (30 - wrong) + [(RBC, WBC, 0.97, True)] * wrong
    assert error_rate(checks(rows), [WBC], Cut(0.9)).backs_confidence is backs
    # Among all guesses they say nothing about those that are this sure.
    assert not error_rate(checks(rows), [WBC]).backs_confidence
    assert not error_rate(checks(rows), [WBC], Cut(below=0.99)).backs_confidence


def test_a_class_that_was_merged_counts_as_the_one_it_is_now() -> None:
    rows = [(OLD, WBC, 0.9, True)] * 6 + [(WBC, OLD, 0.9, True)] * 6 + [(RBC, OLD, 0.9, True)]
    merged = error_rate(checks(rows), [WBC, OLD])
    assert (merged.checks, merged.wrong) == (13, 1)


def test_the_latest_evidence_comes_without_waiting_and_is_that_of_the_screens(
    session: Session,
) -> None:
    assert session.figures.latest(0.0) in (None, session.figures.evidence())
    latest = session.figures.latest(30.0)
    assert latest is not None and latest is session.figures.evidence()
    class_id = session.store.classes.all()[0].id
    blind = replace(latest, uniform=np.ones_like(latest.uniform))
    assert error_rate(blind, [class_id]).checks == (latest.left_out.predicted == class_id).sum()
