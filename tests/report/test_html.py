"""The report is a page of its own: complete, readable, and harmless whatever its names are."""

import re
from collections.abc import Callable
from html import unescape

import pandas as pd
import pytest

from labeling.loop.session import Session
from labeling.report.html import report
from labeling.report.plots import class_ranges, curve_lines, svg
from labeling.store import NewAnswer, Offer

OpenSession = Callable[..., Session]
HOSTILE = ('<img src=x onerror="run()">', "</svg><script>run()</script>")


@pytest.fixture
def text(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> str:
    """The report on sixteen blind checks of two classes with hostile names."""
    session = open_session()
    classes = [session.store.classes.ensure(name).id for name in HOSTILE]
    for number, key in enumerate(session.store.samples.ids()[:16]):
        session.store.leases.claim("tab", [Offer(key, "audit")], 1)
        answer = NewAnswer(f"a{number}", key, "label", classes[number % 2], seconds=1.0)
        assert session.answer("ann", [answer]) == {}
    session.worker.wait()
    monkeypatch.setattr("labeling.report.html.CHECKS", 1)
    return report(session)


def test_a_name_is_text_in_tables_in_charts_and_in_their_descriptions(text: str) -> None:
    assert "<script" not in text and "<img" not in text
    chart = re.findall(r"<svg.*?</svg>", text, flags=re.S)[0]
    assert "&lt;img src=x onerror" in chart and "</svg>" not in chart[:-6]
    (label,) = re.findall(r'aria-label="(Share right[^"]*)"', text)
    assert all(name in unescape(label) for name in HOSTILE)


def test_a_chart_is_an_image_with_a_description_and_asks_no_other_host(text: str) -> None:
    charts = text.count("<svg")
    assert charts >= 1
    assert len(re.findall(r'<div role="img" aria-label="[^"]+"><svg', text)) == charts
    assert not re.search(r"(?:src|href)=\"|https?://|url\(", text)


def test_a_report_without_a_model_says_so(open_session: OpenSession) -> None:
    text = report(open_session())
    assert "There is no model yet" in text
    assert "<svg" not in text and "<h2>Accuracy</h2>" not in text


def test_a_chart_takes_its_colors_from_the_page() -> None:
    columns = ["picked by", "labels", "accuracy", "low", "high"]
    rows = [("ours", 10, 0.5, 0.4, 0.6), ("ours", 20, 0.7, 0.6, 0.8)]
    rows += [("random picking", labels, 0.4, 0.3, 0.5) for labels in (10, 20)]
    drawn = svg(curve_lines(pd.DataFrame(rows, columns=columns)), 200)
    line = r'aria-roledescription="line mark"[^>]*stroke="var\((--\w+)\)"'
    assert re.findall(line, drawn) == ["--ours", "--other"]
    assert "xmlns" not in drawn


def test_every_class_has_a_dot_at_its_share() -> None:
    rows = [("cat", 0.25, 0.1, 0.5, 4, "1 of 4"), ("dog", 0.75, 0.5, 0.9, 4, "3 of 4")]
    columns = ["class", "found", "low", "high", "checks", "right"]
    drawn = svg(class_ranges(pd.DataFrame(rows, columns=columns)), 60)
    places = re.findall(r'aria-roledescription="circle"[^>]*translate\(([\d.]+)', drawn)
    assert [float(place) for place in places] == pytest.approx([130, 390])
    assert "1 of 4" in drawn and "3 of 4" in drawn


def test_the_report_is_one_file_without_a_link_or_a_script(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.store.classes.create("<script>alert(1)</script>")
    assert "<h2>Each class</h2>" not in report(session)  # before it can be meant
    monkeypatch.setattr("labeling.report.html.CHECKS", 1)
    text = report(session)
    for heading in ("Data", "Accuracy", "Each class", "Confusion", "Labeling", "Versions"):
        assert f"<h2>{heading}</h2>" in text
    assert "<script" not in text and "&lt;script&gt;" in text
    assert not re.search(r"(?:src|href)=|https?://|url\(", text)
