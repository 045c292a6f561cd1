"""The verdict in words."""

import pytest

from labeling.evidence.trial_report import basis, verdict
from labeling.evidence.trials import Comparison
from labeling.wording import duration
from models.evidence.backbone_choice import Standing


def standing(low: float, high: float, labels: int = 120, expected: float = 0.0) -> Standing:
    return Standing("convnext_tiny", 0.8, (low + high) / 2, low, high, expected, labels)


def said(one: Standing, seconds: float | None = None) -> str:
    return verdict(one, Comparison((one,), "bundled", one.labels, False), seconds)


def test_a_certain_gain_or_loss_is_said_with_its_span_and_the_time() -> None:
    assert said(standing(0.04, 0.11), 360) == (
        "convnext_tiny is 4 to 11 points better here; preparing takes 6 minutes."
    )
    assert said(standing(-0.11, -0.04)) == "convnext_tiny is 4 to 11 points worse here."
    assert said(standing(0.041, 0.042), 0) == (
        "convnext_tiny is 4 points better here; it is prepared already."
    )


def test_an_uncertain_difference_is_said_to_be_one_with_what_is_to_be_expected() -> None:
    text = said(standing(-0.03, 0.06, expected=0.03))
    assert "somewhere between 3 points worse and 6 better" in text
    assert "the difference is not certain" in text and "about 3 points better are expected" in text


def test_with_few_labels_nothing_is_claimed() -> None:
    text = said(standing(0.1, 0.3, labels=12, expected=-0.04))
    assert "with 12 labels it is too early to say" in text and "10" not in text
    assert "about 4 points worse" in text


def test_what_was_measured_on_is_said() -> None:
    one = standing(0, 0)
    assert "40 blind checks" in basis(Comparison((one,), "bundled", 40, True))
    text = basis(Comparison((one,), "bundled", 90, False))
    assert "90 labels" in text and "there are few blind checks" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "less than a second"), (1, "1 second"), (42, "42 seconds"), (360, "6 minutes"),
     (3 * 3600, "3 hours"), (72 * 3600, "3 days")],
)  # fmt: skip
def test_times_are_said_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
