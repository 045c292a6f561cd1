"""The result of a comparison of backbones, in words, with its uncertainty."""

from typing import TYPE_CHECKING

from labeling.evidence.trials import Comparison
from labeling.wording import duration

if TYPE_CHECKING:
    from models.evidence.backbone_choice import Standing

FEW = 20  # with fewer labels no interval is shown


def verdict(standing: "Standing", compared: Comparison, seconds: float | None) -> str:
    """One backbone beside the present one; `seconds` is the time for the rest of the pool."""
    low, high = 100 * standing.low, 100 * standing.high
    if standing.labels < FEW:
        text = (
            f"{standing.name}: with {standing.labels} labels it is too early to say; "
            f"{_belief(standing)}"
        )
    elif standing.low > 0:
        text = f"{standing.name} is {_span(low, high)} better here"
    elif standing.high < 0:
        text = f"{standing.name} is {_span(-high, -low)} worse here"
    elif round(low) == round(high) == 0:
        text = f"{standing.name} is as good here"
    else:
        text = (
            f"{standing.name} is somewhere between {-low:.0f} points worse and {high:.0f} better "
            f"here, so the difference is not certain; {_belief(standing)}"
        )
    if seconds is not None:
        when = f"preparing takes {duration(seconds)}" if seconds else "it is prepared already"
        text += f"; {when}"
    return text + "."


def basis(compared: Comparison) -> str:
    """Which labels the figures were measured on."""
    kind = "blind checks" if compared.audits_only else "labels"
    caution = (
        ""
        if compared.audits_only
        else ", all of them because there are few blind checks; many were chosen as hard ones, "
        "so each accuracy is too low, and only the differences count"
    )
    return (
        f"Measured on the same {compared.labels} {kind} for all, each predicted from the others"
        f"{caution}. Intervals are 95 %."
    )


def _span(low: float, high: float) -> str:
    """Two shares in whole points."""
    first, last = max(0, round(low)), round(high)
    if last <= 1:
        return "about 1 point"
    return f"{first} to {last} points" if first < last else f"{last} points"


def _belief(standing: "Standing") -> str:
    """The expected result with knowledge from other sets taken into account."""
    if abs(standing.expected) < 0.005:
        return "about the same is expected"
    kind = "better" if standing.expected > 0 else "worse"
    return (
        f"given both results on other sets, "
        f"about {100 * abs(standing.expected):.0f} points {kind} are expected"
    )
