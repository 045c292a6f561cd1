"""The report: one HTML file that a reviewer can read, without a network and without Hone."""

import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from markupsafe import Markup

from labeling.evidence import progress
from labeling.evidence.confusion import confusion
from labeling.evidence.gathering import CHECKS, Evidence, pool_accuracy
from labeling.loop.session import Session
from labeling.report.plots import class_ranges, class_table, curve_lines, curve_table, svg
from labeling.store.certificates import ACCURACY, Certificate
from labeling.templates import environment
from labeling.wording import ahead, points
from models.evidence.accuracy import macro_recall
from models.evidence.reliability import reliability

PACKAGES = ("streamlit", "torch", "timm", "scikit-learn", "numpy", "scipy")
ENDS = {None: "running", "abandoned": "not proven", "taken_back": "taken back"}
Row = tuple[str, ...]
Values = dict[str, Any]  # the values for the template


def percent(share: float) -> str:
    return f"{share:.1%}"


def interval(found: Any) -> str:
    return f"{percent(found.low)} to {percent(found.high)}"


def judged_on(method: str) -> str:
    """What an accuracy was measured on."""
    return "blind checks" if method == "audits" else "labels, each weighted by its chance"


PAGES = environment(Path(__file__).parent)
PAGES.filters |= {"percent": percent, "interval": interval, "ahead": ahead, "points": points}
PAGES.globals["judged_on"] = judged_on


def report(session: Session) -> str:
    """The report of a session as it is now, as HTML."""
    evidence = session.figures.evidence()
    return PAGES.get_template("report.html.jinja").render(
        name=session.project.name,
        data=_data(session),
        classes=_classes(session),
        has_model=evidence is not None,
        **({} if evidence is None else _figures(session, evidence)),
        certificates=[_certificate(one) for one in session.store.certificates.all()],
        labeling=_labeling(session),
        many=session.project.medium.many,
        versions=[("Python", platform.python_version()), *((it, version(it)) for it in PACKAGES)],
    )


def _data(session: Session) -> list[Row]:
    status, settings = session.status(), session.project.settings()
    unseen = sum(one.certificate_id is not None for one in session.labels().values())
    state = session.ingest.state
    return [
        (
            session.project.medium.many.capitalize(),
            f"{status.total:,} different ones in {session.project.source.location}",
        ),
        ("Left out", f"{len(session.store.samples.problems()):,} files that cannot be read"),
        ("Pretrained model", f"{state.backbone} ({state.why})"),
        ("Labels", f"{status.labels:,}; {unseen:,} of them accepted unseen on a certificate"),
        ("Skipped", f"{status.skipped:,}"),
        ("Unsure", f"{status.unsure:,}"),
        ("What comes next", settings.query),
        ("Model", settings.head),
        ("Blind checks", f"{settings.audit_share:.0%} of what is shown"),
        ("Round", f"{status.round_id}, fitted on {status.seen:,} labels"),
        ("Written", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
    ]


def _classes(session: Session) -> list[Row]:
    counts = session.status().per_class
    return [(one.name, f"{counts.get(one.id, 0):,}") for one in session.store.classes.all()]


def _figures(session: Session, evidence: Evidence) -> Values:
    """All figures of the model; None for those that cannot be measured yet."""
    names = session.store.classes.names()
    checks = int(evidence.uniform.sum())
    enough = checks >= CHECKS
    return {
        "accuracy": pool_accuracy(evidence),
        "open": len(evidence.open_rows),
        "checks": checks,
        "checks_needed": CHECKS,
        "each_class": _each_class(evidence, names) if enough else None,
        "curve": _curve(session, evidence),
        "confusion": _confusion(evidence, names),
        "calibration": _calibration(evidence) if enough else None,
    }


def _each_class(evidence: Evidence, names: dict[int, str]) -> Values:
    rows, table = evidence.uniform, class_table(evidence, names)
    told = ", ".join(table["class"] + ": " + table["right"])
    return {
        "macro": macro_recall(evidence.hits[rows], evidence.labels[rows]),
        "picture": Markup(svg(class_ranges(table), 28 * len(table))),
        "label": f"Share right for each class. {told}",
    }


def _curve(session: Session, evidence: Evidence) -> Values | None:
    curve = session.figures.curve(evidence)
    if len(curve.points) < 2:
        return None
    first, last = curve.points[0], curve.points[-1]
    return {
        "picture": Markup(svg(curve_lines(curve_table(curve, "this session")), 260)),
        "label": f"Accuracy over labels: {percent(first.accuracy.value)} after {first.labels} "
        f"labels, {percent(last.accuracy.value)} after {last.labels}.",
        "method": last.accuracy.method,
        "last": curve.beside[-1] if curve.beside else None,
    }


def _confusion(evidence: Evidence, names: dict[int, str]) -> Values | None:
    cells = confusion(evidence, uniform=True)
    if not cells:
        return None
    order = [int(one) for one in evidence.left_out.classes]
    counts = {(one.given, one.predicted): str(len(one.sample_ids)) for one in cells}
    return {
        "head": ("label", *(names[one] for one in order)),
        "rows": [(names[row], *(counts.get((row, one), "") for one in order)) for row in order],
    }


def _calibration(evidence: Evidence) -> Values:
    rows = evidence.uniform
    found = reliability(evidence.left_out.confidence[rows], evidence.hits[rows])
    bins = [
        (
            f"{one.confidence:.0%}",
            f"{one.rate:.0%}",
            f"{one.interval.low:.0%} to {one.interval.high:.0%}",
            str(one.count),
        )
        for one in found.bins
    ]
    return {"error": found.error, "chance": found.chance, "rows": bins}


def _certificate(one: Certificate) -> Row:
    return (
        str(one.id),
        f"at least {one.claim:.0%} right"
        if one.kind == ACCURACY
        else f"at most {one.claim:.0%} wrong",
        f"{one.size:,}",
        percent(1 - one.alpha),
        str(one.result.get("drawn", "")),
        percent(one.result["value"]) if "value" in one.result else "",
        ENDS.get(one.end, one.end or "") if one.voided is None else "void",
    )


def _labeling(session: Session) -> list[Row]:
    answers = session.store.answers.all()
    speed, kept, sway = progress.pace(answers), progress.unchanged(answers), progress.sway(answers)
    rows: list[Row] = [("Active time", f"{speed.active_seconds / 60:.0f} minutes")]
    if speed.overall:
        rows.append(("Pace", f"{speed.overall:.0f} labels a minute"))
    if kept.total:
        rows.append(("Shown guesses accepted unchanged", f"{kept.agreed} of {kept.total}"))
    if sway is not None:
        between = f"{points(sway.low)} to {points(sway.high)}"
        rows.append(
            (
                "Influence of shown guesses",
                f"{points(sway.effect)} points ({between}) at equal confidence",
            )
        )
    return rows
