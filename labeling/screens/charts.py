"""Charts in the app's style, each with a download of its data."""

import re

import altair as alt
import pandas as pd
import streamlit as st

from labeling.spreadsheet import to_cell

CHART_HEIGHT = 260


def spreadsheet(table: pd.DataFrame) -> str:
    """A table as CSV in which no name of a class or a person can act as a formula."""
    cells = table.rename(columns=to_cell).map(
        lambda value: to_cell(value) if isinstance(value, str) else value
    )
    # Otherwise a line break within a name would be unquoted and start a row.
    return str(cells.to_csv(index=False, lineterminator="\r\n"))


def draw(
    chart: "alt.Chart | alt.LayerChart", name: str, table: pd.DataFrame, height: int = CHART_HEIGHT
) -> None:
    """Show a chart; its toolbar saves it as PNG, the button below its figures as CSV."""
    st.altair_chart(chart.properties(height=height), width="stretch")
    st.download_button(
        "CSV",
        spreadsheet(table),
        file_name=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".csv",
        mime="text/csv",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{name}",
        help=f"The figures of “{name}”. The toolbar at the chart’s corner saves it as PNG.",
    )
