"""The report: one HTML file that a reviewer can read, without a network and without Hone."""

import platform
import time
from collections.abc import Iterable, Sequence
from html import escape
from importlib.metadata import version

from labeling.evidence import progress
from labeling.evidence.confusion import confusion
from labeling.evidence.gathering import CHECKS, Evidence, pool_accuracy
from labeling.loop.session import Session
from labeling.report.plots import Series, bars, line_plot
from labeling.store.certificates import ACCURACY
from labeling.wording import ahead, points

PACKAGES = ("streamlit", "torch", "timm", "scikit-learn", "numpy", "scipy")
ENDS = {None: "running", "abandoned": "not proven", "taken_back": "taken back"}

STYLE = """
:root { color-scheme: light dark; --ink: #1b1d21; --faint: #6b6f76; --line: #d9d9d3;
  --ground: #fbfbf9; --blue: #2458c5; --other: #8a8a86; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eaec; --faint: #a3a8b0; --line: #3a3f47;
  --ground: #16181c; --blue: #8ab0ff; --other: #9a9a96; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p.note, caption { color: var(--faint); font-size: .9rem; text-align: left; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .7rem .25rem 0; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { fill: var(--faint); font-size: 12px; }
.grid { stroke: var(--line); } .range { stroke: var(--blue); stroke-width: 3; opacity: .4; }
.dot { fill: var(--blue); } .line { fill: none; stroke-width: 2.5; } .band { opacity: .15; }
.line.ours { stroke: var(--blue); } .band.ours { fill: var(--blue); }
.line.random { stroke: var(--other); } .band.random { fill: var(--other); }
"""


def report(session: Session) -> str:
    """The report of a session as it stands now, as HTML."""
    name = escape(session.project.name)
    evidence = session.figures.evidence()
    parts = [_facts(session)]
    if evidence is None:
        parts.append("<p>There is no model yet, and so nothing to say of it.</p>")
    else:
        parts += [
            _accuracy(evidence),
            _classes(session, evidence),
            _curve(session, evidence),
            _confusion(session, evidence),
            _calibration(evidence),
        ]
    parts += [_certificates(session), _people(session), _versions()]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Hone: {name}</title><style>{STYLE}</style></head><body><h1>{name}</h1>"
        + "".join(parts)
        + "</body></html>"
    )


def _facts(session: Session) -> str:
    status, settings = session.status(), session.project.settings()
    counts = status.per_class
    unseen = sum(a.certificate_id is not None for a in session.labels().values())
    rows = [
        ("Images", f"{status.total:,} different ones in {session.project.source.location}"),
        ("Left out", f"{len(session.store.samples.problems()):,} files that cannot be read"),
        ("Backbone", f"{session.ingest.state.backbone} ({session.ingest.state.why})"),
        ("Labels", f"{status.labels:,}, {unseen:,} of them accepted unseen on a certificate"),
        ("Skipped, unsure", f"{status.skipped:,}, {status.unsure:,}"),
        ("Query, head", f"{settings.query}, {settings.head}"),
        ("Blind checks", f"{settings.audit_share:.0%} of the images shown"),
        ("Round", f"{status.round_id}, fitted on {status.seen:,} labels"),
        ("Written", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
    ]
    names = [(one.name, counts.get(one.id, 0)) for one in session.store.classes.all()]
    return (
        "<h2>Data</h2>"
        + _table((), rows)
        + _table(("class", "labels"), [(name, f"{count:,}") for name, count in names], {1})
    )


def _accuracy(evidence: Evidence) -> str:
    found = pool_accuracy(evidence)
    text = "<h2>Accuracy</h2>"
    if found is None:
        return text + (
            f"<p>Not told yet: {int(evidence.uniform.sum())} blind checks, and it takes "
            f"{CHECKS}.</p>"
        )
    return text + (
        f"<p>Of the {len(evidence.open_rows):,} images without a label, the model gets about "
        f"<b>{found.value:.1%}</b> right; 95% interval {found.low:.1%} to {found.high:.1%}.</p>"
        f"<p class=note>From {found.measured} "
        + ("blind checks" if found.method == "audits" else "labels weighted by their chance")
        + ", each foreseen by leave-one-out (near-duplicates left out together), with the "
        "prediction-powered correction. No figure here is measured on images that were chosen "
        "for being hard, or on labels that the model had seen.</p>"
    )


def _classes(session: Session, evidence: Evidence) -> str:
    from models.evidence.accuracy import class_recall, macro_recall

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        return ""
    names = _names(session)
    found = class_recall(evidence.hits[rows], evidence.labels[rows])
    macro = macro_recall(evidence.hits[rows], evidence.labels[rows])
    text = "<h2>Each class</h2><p>Share of its blind checks that was foreseen, 95% interval."
    if macro is not None:
        text += f" All classes alike: {macro.mean:.1%} ({macro.low:.1%} to {macro.high:.1%})."
    return (
        text
        + "</p>"
        + bars(
            [
                (names[key], right / total, ends.low, ends.high, f"{right} of {total}")
                for key, (right, total, ends) in found.items()
            ]
        )
    )


def _curve(session: Session, evidence: Evidence) -> str:
    curve = session.figures.curve(evidence)
    if len(curve.points) < 2:
        return ""
    ours = [(p.labels, p.accuracy.value, p.accuracy.low, p.accuracy.high) for p in curve.points]
    series = [Series("this session", ours, "ours")]
    text = "<h2>Learning curve</h2>"
    note = "Blue: this session, judged on its blind checks."
    if curve.beside:
        random = [(b.labels, b.random.mean, b.random.low, b.random.high) for b in curve.beside]
        series.append(Series("random picking", random, "random"))
        last = curve.beside[-1]
        note += (
            f" Grey: random picking, refitted from the blind checks alone; after {last.labels} "
            f"labels the session was {ahead(last.gain.mean)} it "
            f"({points(last.gain.low)} to {points(last.gain.high)})."
        )
    return text + line_plot(series, "labels", "accuracy") + f"<p class=note>{note}</p>"


def _confusion(session: Session, evidence: Evidence) -> str:
    names, cells = _names(session), confusion(evidence, uniform=True)
    if not cells:
        return ""
    order = [int(one) for one in evidence.left_out.classes]
    counts = {(one.given, one.predicted): len(one.sample_ids) for one in cells}
    head = ("label", *(names[one] for one in order))
    rows = [(names[row], *(str(counts.get((row, one), "")) for one in order)) for row in order]
    return (
        "<h2>Confusion</h2><p class=note>Blind checks; rows are labels, columns what was foreseen."
        "</p>" + _table(head, rows, set(range(1, len(head))))
    )


def _calibration(evidence: Evidence) -> str:
    from models.evidence.reliability import reliability

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        return ""
    found = reliability(evidence.left_out.confidence[rows], evidence.hits[rows])
    table = [
        (
            f"{one.confidence:.0%}",
            f"{one.rate:.0%}",
            f"{one.interval.low:.0%} to {one.interval.high:.0%}",
            str(one.count),
        )
        for one in found.bins
    ]
    text = (
        f"<h2>Calibration</h2><p>Expected calibration error {found.error:.1%}, of which so few "
        f"checks would make {found.chance:.1%} by chance alone.</p>"
    )
    return text + _table(("confidence", "right", "95% interval", "checks"), table, {0, 1, 3})


def _certificates(session: Session) -> str:
    found = session.store.certificates.all()
    if not found:
        return ""
    rows = [
        (
            str(one.id),
            f"at least {one.claim:.0%} right"
            if one.kind == ACCURACY
            else f"at most {one.claim:.0%} wrong",
            f"{one.size:,}",
            f"{1 - one.alpha:.1%}",
            str(one.result.get("drawn", "")),
            f"{one.result['value']:.1%}" if "value" in one.result else "",
            ENDS.get(one.end, one.end or "") if one.voided is None else "void",
        )
        for one in found
    ]
    head = ("no.", "claim", "images", "confidence", "checked", "proven bound", "end")
    return (
        "<h2>Certificates</h2><p class=note>Frozen heads, fresh random draws without replacement, "
        "a confidence sequence that holds at every look (Waudby-Smith and Ramdas, arXiv "
        "2006.04347).</p>" + _table(head, rows, {0, 2, 3, 4, 5})
    )


def _people(session: Session) -> str:
    answers = session.store.answers.all()
    speed, kept = progress.pace(answers), progress.unchanged(answers)
    rows = [("Active time", f"{speed.active_seconds / 60:.0f} minutes")]
    if speed.overall:
        rows.append(("Pace", f"{speed.overall:.0f} labels a minute"))
    if kept.total:
        rows.append(("Shown guesses accepted unchanged", f"{kept.agreed} of {kept.total}"))
    sway = progress.sway(answers)
    if sway is not None:
        rows.append(
            (
                "Sway of shown guesses",
                f"{points(sway.effect)} points "
                f"({points(sway.low)} to {points(sway.high)}) at equal confidence",
            )
        )
    return "<h2>Labeling</h2>" + _table((), rows)


def _versions() -> str:
    rows = [("Python", platform.python_version()), *((name, version(name)) for name in PACKAGES)]
    return "<h2>Versions</h2>" + _table((), rows)


def _names(session: Session) -> dict[int, str]:
    return {one.id: one.name for one in session.store.classes.all(archived=True)}


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: set[int] | None = None
) -> str:
    """A table of plain texts, escaped; `numbers` are the columns to set flush right."""

    def cell(tag: str, place: int, text: str) -> str:
        return f"<{tag}{' class=n' if place in (numbers or ()) else ''}>{escape(text)}</{tag}>"

    def row(tag: str, texts: Sequence[str]) -> str:
        return "<tr>" + "".join(cell(tag, i, text) for i, text in enumerate(texts)) + "</tr>"

    top = row("th", head) if head else ""
    return "<table>" + top + "".join(row("td", texts) for texts in rows) + "</table>"
