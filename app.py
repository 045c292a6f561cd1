"""Hone: `streamlit run app.py`. Wires the screens and the HTTP routes to the open projects."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from labeling.api import BrowserSecurity, FastPath, UploadGuard, prepare_server, routes
from labeling.environment import LOGIN, check_environment
from labeling.errors import HoneError, SettingError
from labeling.people.reach import Serving, announce, withdraw
from labeling.workspace import WORKSPACE, configured


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Open the configured project before the first visitor comes, and close all at the end."""
    # Behind a proxy on this machine, HONE_LOGIN says it; what a proxy forwards is noticed too.
    WORKSPACE.serving = _serving()
    WORKSPACE.login = LOGIN.value() or not WORKSPACE.serving.is_private
    try:
        session = WORKSPACE.open(*configured())
        announce(session.project.folder, WORKSPACE.serving)
    except HoneError as error:
        print(f"Hone: {error}")
    prepare_server()  # last: a visitor who comes meanwhile is let in right after
    yield
    for session in WORKSPACE.sessions():
        withdraw(session.project.folder, WORKSPACE.serving)
    WORKSPACE.close()


def _serving() -> Serving:
    """What Streamlit listens on; by now the port is the one that it has found free."""
    return Serving(
        st.get_option("server.address") or "",
        st.get_option("server.port"),
        "https" if st.get_option("server.sslCertFile") else "http",
        st.get_option("server.baseUrlPath") or "",
    )


try:
    check_environment()
except SettingError as error:
    sys.exit(f"Hone: {error}")

security = Middleware(
    BrowserSecurity,
    allowed=st.get_option("server.corsAllowedOrigins"),
    page=(Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8"),
)
app = st.App(
    Path(__file__).parent / "labeling" / "screens" / "home.py",
    lifespan=lifespan,
    middleware=[
        security,
        Middleware(UploadGuard, workspace=WORKSPACE),
        Middleware(FastPath, routes=routes(WORKSPACE)),
    ],
)
