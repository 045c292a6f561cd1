"""Hone: `streamlit run app.py`. Wires the screens and the HTTP routes to the open projects."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.runtime import get_instance
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from labeling.api import (
    BrowserSecurity,
    FastPath,
    StreamlitGuard,
    UploadLimit,
    prepare_server,
    routes,
)
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


def _claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """What an identity provider has confirmed of a person, if Streamlit has signed the cookie."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value: bytes | None = decode_signed_value(secret, name, cookies.get(name, ""))
        return value

    told = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    return {} if told is None else dict(json.loads(told))


def _held() -> int:
    """Bytes of the uploaded files that Streamlit keeps for its pages."""
    manager: Any = get_instance().uploaded_file_mgr
    sessions = list(manager.file_storage.values())
    return sum(len(file.data) for files in sessions for file in list(files.values()))


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
        Middleware(FastPath, routes=routes(WORKSPACE)),
        Middleware(
            StreamlitGuard,
            workspace=WORKSPACE,
            claims=_claims,
            base=st.get_option("server.baseUrlPath") or "",
        ),
        # Two of the largest files that a person may add, which is one archive beside others.
        Middleware(UploadLimit, held=_held, most=2 * st.get_option("server.maxUploadSize") * 2**20),
    ],
)
