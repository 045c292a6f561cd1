"""Confusion: which classes the model mixes up, as a matrix with the images of a cell."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling.evidence.confusion import Cell, confusion, most_mixed
from labeling.evidence.gathering import Evidence
from labeling.loop.session import Session
from labeling.screens import views
from labeling.screens.charts import spreadsheet
from labeling.screens.pictures import strip
from labeling.wording import plain

Pair = tuple[str, str]  # a label, and the class that the model predicts

SHOWN = 24  # images of a cell
LARGEST = 20  # classes in the matrix, so that the name of each can be read
BLUE, PALE_BLUE = "#2458c5", "#8ab0ff"  # of the light and the dark theme


def show(session: Session) -> None:
    """Show the matrix and the images of one cell, once there is a model."""
    evidence = views.evidence(session)
    if evidence is not None:
        _confusion(session, evidence, session.store.classes.names())


def _confusion(session: Session, evidence: Evidence, names: dict[int, str]) -> None:
    checks = int(evidence.uniform.sum())
    only = st.toggle(f"Only the {checks} blind checks", value=False, disabled=checks == 0)
    st.caption(
        "Rows are the labels, columns the predictions of a model that did not see the label. "
        + (
            "Blind checks are drawn at random: the shares hold for all."
            if only
            else "Most were chosen because they are hard: this shows what is mixed up, not how "
            "often that happens in all."
        )
        + f" Click a cell to see its {session.project.medium.many}."
    )
    cells = confusion(evidence, uniform=only)
    mixed = [one for one in cells if one.given != one.predicted]
    worst = max(mixed, key=lambda one: len(one.sample_ids), default=None)
    wanted = (names[worst.given], names[worst.predicted]) if worst else None
    table = pd.DataFrame(
        (names[one.given], names[one.predicted], len(one.sample_ids)) for one in cells
    )
    table.columns = pd.Index(["label", "predicted", "images"])
    found = len(most_mixed(cells, len(names)))
    if found > LARGEST:
        st.caption(f"The {LARGEST} classes that are mixed up most, of {found}; the CSV has all.")
    drawn = most_mixed(cells, LARGEST)
    order = [one.name for one in session.store.classes.all() if one.id in drawn]
    left, right = st.columns([3, 2], gap="large")
    with left:
        wanted = _matrix(table, order, wanted, f"confusion-{only}")
    with right:
        for one in cells:
            if (names[one.given], names[one.predicted]) == wanted:
                _cell(session, one, names)


def _matrix(table: pd.DataFrame, order: list[str], wanted: Pair | None, key: str) -> Pair | None:
    """The matrix with a download of its figures; returns the clicked cell, else the wanted one."""
    shown = table[table["label"].isin(order) & table["predicted"].isin(order)]
    event = st.altair_chart(
        _boxes(shown, order, wanted).properties(height=110 + 40 * len(order)),
        width="stretch",
        on_select="rerun",
        selection_mode="cell",
        key=key,
    )
    st.download_button(
        "CSV",
        spreadsheet(table),
        file_name="confusion.csv",
        mime="text/csv",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )
    picked = getattr(event, "selection", {}).get("cell") or []
    return (picked[0]["label"], picked[0]["predicted"]) if picked else wanted


def _boxes(table: pd.DataFrame, order: list[str], wanted: Pair | None) -> alt.LayerChart:
    """A box for each cell, stronger where it holds more images; a click selects it.

    A color scale from light to dark would make the emptiest cells the brightest in the dark theme.
    """
    light = st.context.theme.type != "dark"
    ink, on_full = ("#1b1d21", "#ffffff") if light else ("#e9eaec", "#10131a")
    value = [{"label": wanted[0], "predicted": wanted[1]}] if wanted else alt.Undefined
    pick = alt.selection_point(name="cell", fields=["label", "predicted"], value=value, empty=False)
    base = alt.Chart(table).encode(
        x=alt.X(
            "predicted:N",
            sort=order,
            title="the model predicts",
            axis=alt.Axis(labelAngle=-40, labelOverlap=False),
        ),
        y=alt.Y(
            "label:N",
            sort=order,
            title="the label",
            axis=alt.Axis(labelFlush=False, labelOverlap=False),
        ),
        tooltip=["label", "predicted", "images"],
    )
    most = float(table["images"].max())
    strength = alt.Scale(type="symlog", domain=[0, most], range=[0.1, 1])
    boxes = base.mark_rect(cornerRadius=2, color=BLUE if light else PALE_BLUE).encode(
        opacity=alt.Opacity("images:Q", scale=strength, legend=None)
    )
    frame = base.mark_rect(cornerRadius=2, fillOpacity=0, strokeWidth=2.5).encode(
        stroke=alt.condition(pick, alt.value("#d0743c"), alt.value("transparent"))
    )
    # From this strength on, letters of the other shade are easier to read.
    full = alt.datum.images > (1 + most) ** (0.8 if light else 0.5) - 1
    text = base.mark_text().encode(
        text="images:Q", color=alt.condition(full, alt.value(on_full), alt.value(ink))
    )
    chart: alt.LayerChart = boxes + text + frame.add_params(pick)
    return chart


def _cell(session: Session, cell: Cell, names: dict[int, str]) -> None:
    """The images of a cell."""
    st.markdown(
        f"**{len(cell.sample_ids)}** labeled **{plain(names[cell.given])}**, "
        f"predicted as **{plain(names[cell.predicted])}**"
    )
    keys = cell.sample_ids[:SHOWN]
    strip(session, keys, [""] * len(keys), 72)
    if len(cell.sample_ids) > SHOWN:
        st.caption(f"The first {SHOWN} of them.")
