"""How figures are written."""

import re

import pytest

from labeling.wording import JOINER, ahead, chance, code, plain, points


@pytest.mark.parametrize(
    "share, told, where",
    [
        (0.124, "+12", "12 points ahead of"),
        (-0.07, "−7", "7 points behind"),
        (-0.012, "−1", "1 point behind"),
        (0.004, "0", "level with"),
    ],
)
def test_a_difference_has_a_sign_or_a_side(share: float, told: str, where: str) -> None:
    assert (points(share), ahead(share)) == (told, where)


def test_hardly_ever_is_not_written_as_never() -> None:
    shares = (0.0, 0.002, 0.31, 0.998, 1.0)
    told = ["0%", "under 1%", "31%", "over 99%", "100%"]
    assert [chance(share) for share in shares] == told


def test_a_name_is_shown_by_markdown_as_it_is() -> None:
    assert plain("a[b](javascript:x)") == r"a\[b\]\(javascript\:x\)"
    assert plain("Zoë 7") == "Zoë 7"


@pytest.mark.parametrize("address", ["http://e.example", "HTTPS://e", "www.e.example", "a@b.de"])
def test_an_address_in_a_name_does_not_become_a_link(address: str) -> None:
    shown = plain(address)
    assert shown.replace(JOINER, "").replace("\\", "") == address
    assert not re.search(r"https?://|www\.|@\w", shown.replace("\\", ""), re.IGNORECASE)


def test_code_may_hold_backticks() -> None:
    assert code("a") == "` a `"
    assert code("a``b") == "``` a``b ```"
