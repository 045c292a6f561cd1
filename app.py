"""Hone: `streamlit run app.py`. Wires the screens and the HTTP routes to the open projects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from labeling.api import prepare_server, routes
from labeling.errors import HoneError
from labeling.workspace import WORKSPACE, configured


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Open the configured project before the first visitor comes, and close all at the end."""
    prepare_server()
    try:
        WORKSPACE.open(*configured())
    except HoneError as error:
        print(f"Hone: {error}")
    yield
    WORKSPACE.close()


app = st.App(
    Path(__file__).parent / "labeling" / "screens" / "home.py",
    routes=routes(WORKSPACE),
    lifespan=lifespan,
)
