"""HTTP routes beside Streamlit's, for the board and for scripts with a token.

Each operation is described next to its function. The routes, `/api/openapi.json` and `/api/docs`
are made from these descriptions. A new operation is one `Operation` and one line here.
"""

from starlette.routing import BaseRoute, Route

from labeling.api.answers import ANSWERS, HISTORY
from labeling.api.browser_security import BrowserSecurity
from labeling.api.cards import HOLD, NEXT, PAGE, WATCH
from labeling.api.classes import CHANGE_CLASS, CREATE_CLASS, CREATE_CLASSES, LIST_CLASSES
from labeling.api.endpoint import LARGEST_BODY, guarded
from labeling.api.fast_path import FastPath
from labeling.api.history import CHANGES, LOG, REWIND, UNDO_CHANGE
from labeling.api.join import join_route, leave_route
from labeling.api.learning import LEARNING
from labeling.api.public import open_routes
from labeling.api.review import ALIKE, HEAT, REVIEW
from labeling.api.samples import SAMPLE
from labeling.api.server import prepare_server
from labeling.api.status import STATUS
from labeling.api.streamlit_guard import StreamlitGuard
from labeling.api.upload_limit import UploadLimit
from labeling.workspace import Workspace

OPERATIONS = (
    *(SAMPLE, ANSWERS, WATCH, NEXT, STATUS, LEARNING, PAGE, HOLD),  # the most frequent first
    *(LIST_CLASSES, CREATE_CLASS, CHANGE_CLASS, HISTORY),
    *(REVIEW, ALIKE, HEAT),
    *(CHANGES, UNDO_CHANGE, REWIND, LOG),
    CREATE_CLASSES,
)


def routes(workspace: Workspace) -> list[BaseRoute]:
    """All routes; they are tried before those of Streamlit."""
    return [
        *open_routes(OPERATIONS),
        join_route(workspace),
        leave_route(workspace),
        *(
            Route(one.path, guarded(workspace, one), methods=[one.method], name=one.name)
            for one in OPERATIONS
        ),
    ]


__all__ = [
    "LARGEST_BODY",
    "OPERATIONS",
    "BrowserSecurity",
    "FastPath",
    "StreamlitGuard",
    "UploadLimit",
    "prepare_server",
    "routes",
]
