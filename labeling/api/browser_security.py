"""The guard around every route, also Streamlit's: allowed origins, and security headers.

Pages of other sites can make a visitor's browser send requests together with its cookies. So
a request that can change something is refused unless it comes from a page of this server.
Streamlit itself accepts it from any page on `localhost`, whatever its port.
"""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOREIGN = "This comes from a page of another site; open Hone itself, or send no Origin header."
CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008  # of a WebSocket

# Streamlit sets styles in place and gives components their script as a blob. Not allowed: other
# hosts, inline scripts except those listed by hash, and eval.
CONTENT = {
    "default-src": "'self'",
    "script-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# For the few pages of Hone itself, which have no script.
PLAIN_PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
UNUSED = ("camera", "microphone", "geolocation", "usb", "serial", "payment", "display-capture")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
}


class BrowserSecurity:
    """ASGI middleware; `allowed` are additional origins, such as `https://hone.example.org`.

    `page` is the HTML that all screens start from; the inline scripts in it may run.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str] = (), page: str = "") -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        content = CONTENT | {"script-src": " ".join([CONTENT["script-src"], *script_hashes(page)])}
        policy = "; ".join(f"{name} {value}" for name, value in content.items())
        always = ALWAYS | {"Content-Security-Policy": policy}
        self._raw = [(name.lower().encode(), value.encode()) for name, value in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        changes = scope["type"] == "websocket" or scope["method"] not in CHANGES_NOTHING
        if changes and is_foreign(Headers(scope=scope), self._allowed):
            await self._refuse(scope["type"], send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, told)

    def _complete(self, headers: MutableHeaders) -> None:
        """Add the headers that a reply lacks; JSON must not be stored."""
        said = {name.lower() for name, _value in headers.raw}
        headers.raw.extend(pair for pair in self._raw if pair[0] not in said)
        if headers.get("content-type", "").startswith("application/json"):
            headers.setdefault("Cache-Control", "no-store")

    async def _refuse(self, kind: str, send: Send) -> None:
        if kind == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        headers = MutableHeaders({"Content-Type": "application/json"})
        self._complete(headers)
        await send({"type": "http.response.start", "status": 403, "headers": headers.raw})
        await send({"type": "http.response.body", "body": json.dumps({"error": FOREIGN}).encode()})


def is_foreign(headers: Mapping[str, str], allowed: frozenset[str] = frozenset()) -> bool:
    """Whether a page of another origin sent the request; scripts send no origin."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
    # A page cannot fake its origin in any header, and it cannot set a proxy's headers.
    hosts = {headers.get(name, "").lower() for name in ("host", "x-forwarded-host")} - {""}
    return origin not in allowed and _host(origin) not in hosts


def _host(origin: str) -> str | None:
    """The host of an origin, None if it cannot be read."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # [ without ]
        return None


def script_hashes(page: str) -> list[str]:
    """The sources of the inline scripts in a page, for a Content-Security-Policy."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (hashlib.sha256(one.encode()).digest() for one in scripts)
    return [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]
