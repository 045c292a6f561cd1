"""The Review screen: labels that deserve a second look, and what the model mixes up."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling import progress, review
from labeling.errors import HoneError
from labeling.figures import FIGURES, Evidence
from labeling.screens import adjudicate
from labeling.screens.charts import draw
from labeling.screens.pictures import picture, strip
from labeling.screens.shell import annotator
from labeling.session import Session
from labeling.why import evidence_picture
from models.anchoring import Anchoring

VIEWS = ("Suspected errors", "Confusion", "Calibration", "Habits")
KEYS = "1234567890"
SHOWN = 24  # images of a cell


def show(session: Session) -> None:
    """Show one of the views, once there is a head; first what a team has to decide."""
    if adjudicate.show(session):
        return
    evidence = FIGURES.evidence(session)
    if evidence is None:
        st.info(
            "There is nothing to review yet. Label a few images of two classes first.",
            icon=":material/label:",
        )
        return
    view = st.segmented_control("View", VIEWS, default=VIEWS[0], label_visibility="collapsed")
    names = {one.id: one.name for one in session.store.classes.all(archived=True)}
    if view == "Confusion":
        _confusion(session, evidence, names)
    elif view == "Calibration":
        _calibration(evidence)
    elif view == "Habits":
        _habits(session)
    else:
        _suspects(session, evidence, names)


def _suspects(session: Session, evidence: Evidence, names: dict[int, str]) -> None:
    found = review.suspects(session, evidence)
    if not found:
        st.success(
            "No label is contradicted by the others."
            if len(evidence.rows) >= review.FEWEST
            else f"Shown from {review.FEWEST} labels on.",
            icon=":material/task_alt:",
        )
        return
    first = found[0]
    st.caption(
        f"{len(found)} labels are contradicted by all the others, the least likely first. "
        "Nothing changes until you decide."
    )
    image, facts = st.columns([2, 3], gap="large")
    content = picture(session, first.sample_id, "view")
    if content is not None:
        image.image(content, width=300)
    if image.toggle("Why", help="Where the evidence lies", key="why"):
        with image:
            _why(session, first, names)
    with facts:
        st.markdown(
            f"Labeled **{names[first.given]}**; the others say **{names[first.predicted]}** and "
            f"give the label a chance of {first.likelihood:.0%}."
        )
        _decide(session, first, names)
        st.caption("The labeled images that look most alike")
        strip(
            session,
            [key for key, _ in first.neighbours],
            [names[class_id] for _, class_id in first.neighbours],
            88,
        )
    if found[1:]:
        st.caption("Next")
        rest = found[1 : 1 + SHOWN // 2]
        captions = [f"{names[one.given]}, or {names[one.predicted]}?" for one in rest]
        strip(session, [one.sample_id for one in rest], captions, 88)


def _why(session: Session, suspect: review.Suspect, names: dict[int, str]) -> None:
    """Where the model sees what speaks for either class."""
    with st.container(horizontal=True, gap="small"):
        for class_id in (suspect.predicted, suspect.given):
            try:
                content = evidence_picture(session, suspect.sample_id, class_id)
            except HoneError as error:
                st.caption(str(error))
                return
            st.image(content, caption=f"speaks for {names[class_id]}", width=145)


def _decide(session: Session, suspect: review.Suspect, names: dict[int, str]) -> None:
    """A key for each class: the given one confirms, any other mends."""
    classes = session.store.classes.all()
    with st.container(horizontal=True, gap="small"):
        keep = st.button(
            f"Keep {names[suspect.given]}", shortcut="Enter", icon=":material/check:", key="keep"
        )
        chosen = suspect.given if keep else None
        for place, one in enumerate(classes):
            if one.id == suspect.given:
                continue
            pressed = st.button(
                one.name,
                key=f"fix-{one.id}",
                type="primary" if one.id == suspect.predicted else "secondary",
                shortcut=KEYS[place] if place < len(KEYS) else None,
            )
            chosen = one.id if pressed else chosen
    if chosen is None:
        return
    try:
        review.decide(session, annotator(session), suspect.sample_id, chosen)
    except HoneError as error:
        st.error(str(error))
        return
    session.trainer.wait(2.0)  # the next round tells which label is the next to doubt
    st.rerun()


def _confusion(session: Session, evidence: Evidence, names: dict[int, str]) -> None:
    checks = int(evidence.uniform.sum())
    only = st.toggle(f"Only the {checks} blind checks", value=False, disabled=checks == 0)
    st.caption(
        "Rows are the labels, columns what the model foresees without them. "
        + (
            "Blind checks are drawn at random: the shares are those of the pool."
            if only
            else "Most images were chosen for being hard: this shows what is mixed up, not how "
            "often it happens in the pool."
        )
        + " Click a cell to see its images."
    )
    cells = review.confusion(evidence, uniform=only)
    table = pd.DataFrame(
        (names[one.given], names[one.predicted], len(one.sample_ids)) for one in cells
    )
    table.columns = pd.Index(["label", "foreseen", "images"])
    order = [one.name for one in session.store.classes.all() if one.id in evidence.left_out.classes]
    boxes = _boxes(table, order)
    left, right = st.columns([3, 2], gap="large")
    with left:
        event = st.altair_chart(
            boxes.properties(height=max(220, 40 * len(order))),
            width="stretch",
            on_select="rerun",
            selection_mode="cell",
            key=f"confusion-{only}",
        )
        st.download_button(
            "CSV",
            table.to_csv(index=False),
            file_name="confusion.csv",
            mime="text/csv",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )
    with right:
        _cell(session, cells, names, event)


def _boxes(table: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    """A box for each cell, darker where it holds more; a click picks it."""
    pick = alt.selection_point(name="cell", fields=["label", "foreseen"])
    base = alt.Chart(table).encode(
        x=alt.X("foreseen:N", sort=order, title="foreseen", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("label:N", sort=order, title="label"),
        tooltip=["label", "foreseen", "images"],
    )
    boxes = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color("images:Q", scale=alt.Scale(type="symlog", scheme="blues"), legend=None),
        stroke=alt.condition(pick, alt.value("#d0743c"), alt.value("transparent")),
    )
    text = base.mark_text().encode(
        text="images:Q",
        color=alt.condition(
            alt.datum.images > table["images"].max() / 4, alt.value("white"), alt.value("#333")
        ),
    )
    chart: alt.LayerChart = boxes.add_params(pick) + text
    return chart


def _cell(session: Session, cells: list[review.Cell], names: dict[int, str], event: object) -> None:
    """The images of the chosen cell, or of the worst confusion."""
    chosen = getattr(event, "selection", {}).get("cell") or []
    wanted = (chosen[0]["label"], chosen[0]["foreseen"]) if chosen else None
    found = [one for one in cells if (names[one.given], names[one.predicted]) == wanted]
    mixed = [one for one in cells if one.given != one.predicted]
    if not found:
        found = sorted(mixed, key=lambda one: -len(one.sample_ids))[:1]
    for one in found:
        st.markdown(
            f"**{len(one.sample_ids)}** labeled **{names[one.given]}**, "
            f"foreseen as **{names[one.predicted]}**"
        )
        keys = one.sample_ids[:SHOWN]
        strip(session, keys, [""] * len(keys), 72)


def _calibration(evidence: Evidence) -> None:
    from models.reliability import reliability

    rows = evidence.uniform
    if rows.sum() < 10:
        st.info(
            f"Shown after 10 blind checks; {int(rows.sum())} so far.",
            icon=":material/visibility_off:",
        )
        return
    found = reliability(evidence.left_out.confidence[rows], evidence.hits[rows])
    st.markdown(
        f"On {int(rows.sum())} blind checks the model’s confidence and its hits lie "
        f"**{found.error:.0%}** apart in the mean (expected calibration error)."
    )
    st.caption(
        "On the line, a guess that says 80 % is right in 80 of 100 cases; below it the model is "
        "too sure of itself. Bars are 95 % intervals."
    )
    table = pd.DataFrame(
        (one.confidence, one.rate, one.interval.low, one.interval.high, one.count)
        for one in found.bins
    )
    table.columns = pd.Index(["confidence", "right", "low", "high", "checks"])
    draw(_diagonal(table), "calibration", table, height=340)


def _diagonal(table: pd.DataFrame) -> alt.LayerChart:
    """Hits over confidence, beside the line on which they are equal."""
    share = alt.Scale(domain=[0, 1])
    percent = alt.Axis(format="%")
    base = alt.Chart(table).encode(
        x=alt.X("confidence:Q", scale=share, axis=percent, title="confidence"),
        tooltip=[
            alt.Tooltip("confidence:Q", format=".0%"),
            alt.Tooltip("right:Q", format=".0%"),
            "checks:Q",
        ],
    )
    line = alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]})).mark_line(
        color="#8a8a86", strokeDash=[4, 4]
    )
    chart: alt.LayerChart = (
        line.encode(x="x:Q", y="y:Q")
        + base.mark_rule(strokeWidth=2, color="#8a8a86").encode(
            y=alt.Y("low:Q", scale=share, axis=percent, title="right"), y2="high:Q"
        )
        + base.mark_circle(size=90, opacity=1).encode(y=alt.Y("right:Q", scale=share))
    )
    return chart


def _habits(session: Session) -> None:
    answers = session.store.answers.all()
    anchor, pace = st.columns(2, gap="large")
    with anchor:
        st.subheader("Do shown guesses sway the answers?")
        _anchoring(progress.sway(answers), progress.unchanged(answers))
    with pace:
        st.subheader("Pace")
        speed, seconds = progress.pace(answers), progress.seconds_per_label(answers)
        now, overall, median = st.columns(3)
        now.metric("Labels a minute, lately", f"{speed.recent:.0f}" if speed.recent else "–")
        overall.metric("overall", f"{speed.overall:.0f}" if speed.overall else "–")
        median.metric("Seconds a label", f"{seconds.median:.1f}" if seconds.median else "–")
        st.caption(f"{speed.active_seconds / 60:.0f} minutes of labeling in all.")


def _anchoring(found: Anchoring | None, kept: progress.Tally) -> None:
    if kept.total:
        st.markdown(
            f"Of {kept.total} shown guesses, **{kept.agreed / kept.total:.0%}** were accepted "
            "unchanged."
        )
    if found is None:
        st.caption("Whether they sway the answers is told from 30 shown and 10 hidden guesses on.")
        return
    text = (
        f"Showing a guess changes how often it is agreed with by **{100 * found.effect:+.0f} "
        f"points** (95 % interval {100 * found.low:+.0f} to {100 * found.high:+.0f}), at equal "
        f"confidence of the guess: {found.shown:.0%} of {found.shown_count} shown ones, "
        f"{found.hidden:.0%} of {found.hidden_count} hidden ones."
    )
    if found.detected:
        st.warning(
            text + " Take more blind checks, or look twice before accepting.",
            icon=":material/anchor:",
        )
    else:
        st.info(text + " No sway is to be seen.", icon=":material/balance:")
