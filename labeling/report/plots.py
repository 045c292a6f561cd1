"""Small plots as plain SVG: no script, no network, coloured by the page they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 40


@dataclass(frozen=True)
class Series:
    """Points (x, y, low, high) of one line with its band; `style` is a class of the page."""

    name: str
    points: Sequence[tuple[float, float, float, float]]
    style: str


def line_plot(series: Sequence[Series], x_title: str, y_title: str) -> str:
    """Lines with bands over shares in [0, 1]."""
    xs = [x for one in series for x, *_ in one.points]
    x_low, x_high = min(xs), max(xs)
    y_low = max(0.0, min(low for one in series for *_, low, _ in one.points) - 0.05)
    y_low = int(10 * y_low) / 10

    def at(x: float, y: float) -> str:
        across = (x - x_low) / max(x_high - x_low, 1e-9)
        up = (y - y_low) / max(1.0 - y_low, 1e-9)
        return (
            f"{LEFT + across * (WIDTH - LEFT - RIGHT):.1f},"
            f"{HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM):.1f}"
        )

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_title)} over '
        f'{escape(x_title)}">'
    ]
    for step in range(round(10 * y_low), 11, 2 if y_low < 0.6 else 1):
        begin, end = at(x_low, step / 10), at(x_high, step / 10)
        parts.append(_line(begin, end, "grid"))
        x, y = begin.split(",")
        parts.append(_text(float(x) - 6, float(y) + 4, f"{10 * step}%", "end"))
    for value in sorted({x_low, (x_low + x_high) / 2, x_high}):
        x, y = at(value, y_low).split(",")
        parts.append(_text(float(x), float(y) + 16, f"{value:,.0f}", "middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 4, x_title, "middle"))
    for one in series:
        upper = [at(x, min(1.0, high)) for x, _, _, high in one.points]
        lower = [at(x, max(y_low, low)) for x, _, low, _ in one.points]
        band = " ".join(upper + lower[::-1])
        line = " ".join(at(x, max(y_low, y)) for x, y, *_ in one.points)
        parts.append(f'<polygon class="band {one.style}" points="{band}"/>')
        parts.append(f'<polyline class="line {one.style}" points="{line}"/>')
    return "".join([*parts, "</svg>"])


def bars(rows: Sequence[tuple[str, float, float, float, str]]) -> str:
    """A dot with its interval for each (name, share, low, high, note)."""
    left, step = 150, 26
    height = step * len(rows) + 24
    span = WIDTH - left - 60
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="shares by class">']
    for share in (0.0, 0.5, 1.0):
        x = left + share * span
        parts.append(_line(f"{x},0", f"{x},{height - 20}", "grid"))
        parts.append(_text(x, height - 6, f"{share:.0%}", "middle"))
    for place, (name, share, low, high, note) in enumerate(rows):
        y = step * place + 14
        parts.append(_text(left - 8, y + 4, name if len(name) < 22 else name[:20] + "…", "end"))
        parts.append(
            _line(f"{left + low * span:.1f},{y}", f"{left + high * span:.1f},{y}", "range")
        )
        parts.append(f'<circle class="dot" cx="{left + share * span:.1f}" cy="{y}" r="5"/>')
        parts.append(_text(WIDTH - 54, y + 4, note, "start"))
    return "".join([*parts, "</svg>"])


def _line(begin: str, end: str, style: str) -> str:
    (x1, y1), (x2, y2) = begin.split(","), end.split(",")
    return f'<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
