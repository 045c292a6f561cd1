"""How figures and names are written in sentences, on the screens and in the report."""

import re
from collections.abc import Sequence

MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")  # every sign that may have a meaning in Markdown

# Starts of addresses that Markdown makes links of; an invisible joiner in between prevents it.
ADDRESS = re.compile(r"https?:(?=//)|www(?=\.)|@(?=[-\w])", re.IGNORECASE)
JOINER = "\N{WORD JOINER}"


def amount(count: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 label, 1,200 labels, 2 people."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: cat; cat and dog; cat, dog and fox."""
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last


def points(share: float) -> str:
    """A difference of shares in percentage points with its sign: +12, −7, 0."""
    value = round(100 * share)
    return f"{value:+d}".replace("-", "−") if value else "0"


def chance(share: float) -> str:
    """A probability in whole percent; a value close to 0 or 1 never becomes 0% or 100%."""
    if 0 < share < 0.005:
        return "under 1%"
    if 0.995 < share < 1:
        return "over 99%"
    return f"{share:.0%}"


def ahead(share: float) -> str:
    """A position by a difference of shares: 12 points ahead of, 7 points behind, level with."""
    value = round(100 * abs(share))
    if value == 0:
        return "level with"
    unit = "point" if value == 1 else "points"
    return f"{value} {unit} {'ahead of' if share > 0 else 'behind'}"


def plain(text: object) -> str:
    """Any text, escaped so that Markdown shows it unchanged."""
    parted = ADDRESS.sub(rf"\g<0>{JOINER}", str(text).replace("\n", " "))
    return MARKDOWN.sub(r"\\\g<0>", parted)


def code(text: object) -> str:
    """Any text as code in Markdown, even if it contains backticks."""
    fence = "`" * (1 + max(map(len, re.findall("`+", str(text))), default=0))
    return f"{fence} {text} {fence}"


def duration(seconds: float) -> str:
    """A waiting time in words."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
