"""The report: one HTML file that needs no network."""

import re

import pytest

from labeling.loop.session import Session
from labeling.report.html import report


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
