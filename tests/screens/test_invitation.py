"""The QR code of an invitation, read back module by module."""

import re

import pytest
import segno

from labeling.screens.invitation import qr_code

BORDER = 4  # light modules around a code, as its standard asks for


def modules(svg: str) -> list[list[int]]:
    """The dark modules (1) that an SVG of horizontal strokes draws."""
    (size,) = re.findall(r'viewBox="0 0 (\d+) \1"', svg)
    (path,) = re.findall(r'stroke="#000" d="([^"]+)"', svg)
    rows = [[0] * int(size) for _ in range(int(size))]
    x = y = 0.0
    for kind, numbers in re.findall(r"([Mmh])([^Mmh]+)", path):
        first, *second = map(float, re.findall(r"-?[\d.]+", numbers))
        if kind == "h":
            for column in range(int(x), int(x + first)):
                rows[int(y)][column] = 1
            x += first
        else:
            x, y = (first, second[0]) if kind == "M" else (x + first, y + second[0])
    return rows


@pytest.mark.parametrize(
    "link",
    ["http://192.168.1.5:8501/join/" + "a" * 32, "https://hone.example.org/join/" + "Zz-_09" * 6],
)
def test_the_qr_code_is_that_of_the_link(link: str) -> None:
    drawn = modules(qr_code(link))
    inner = [row[BORDER:-BORDER] for row in drawn[BORDER:-BORDER]]
    assert inner == [list(row) for row in segno.make(link, micro=False).matrix]
    assert sum(map(sum, drawn)) == sum(map(sum, inner))  # nothing is drawn on the border
    other = segno.make(link[:-1] + "x", micro=False).matrix
    assert inner != [list(row) for row in other]
