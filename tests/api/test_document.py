"""The description of the API is true."""

from typing import Any

import jsonschema
import msgspec
from starlette.routing import Route
from starlette.testclient import TestClient

from labeling.api import LARGEST_BODY, OPERATIONS, routes
from labeling.loop.session import Session
from labeling.workspace import Workspace
from tests.conftest import label


def test_every_route_is_described_and_every_description_is_a_route(
    anonymous: TestClient, workspace: Workspace
) -> None:
    document = anonymous.get("/api/openapi.json").json()
    described = {
        (path, method.upper()) for path, one in document["paths"].items() for method in one
    }
    mounted = {
        (route.path, method)
        for route in routes(workspace)
        if isinstance(route, Route) and route.methods
        for method in route.methods - {"HEAD"}
    }
    free = {"/api/health", "/api/openapi.json", "/api/docs", "/api/board/{version:str}/{name:path}"}
    free |= {"/join/{secret}", "/leave"}
    assert described == {one for one in mounted if one[0] not in free}


def test_replies_are_as_described(client: TestClient, session: Session) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    for number, key in enumerate(session.store.samples.ids()[:6]):
        session.answer("ann", [label(key, (cat, dog)[number % 2])])
    session.worker.wait()
    bodies: dict[str, Any] = {
        "/api/next": {"holder": "t", "count": 9, "keep": [], "spare": []},
        "/api/watch": {"holder": "t", "count": 3, "after": 0, "wait": 0, "keep": [], "drop": []},
        "/api/page": {"holder": "u", "count": 3, "class_id": cat, "confident": False, "keep": []},
        "/api/hold": {"holder": "t", "sample_ids": [key]},
        "/api/review": {
            "holder": "t",
            "count": 3,
            "name": "class",
            "class_id": dog,
            "held": {key: 1},
        },
        "/api/alike": {"sample_id": key, "class_ids": [cat, dog]},
        "/api/answers": {"answers": [{"client_id": "s", "sample_id": key, "kind": "skip"}]},
        "/api/classes": {"name": "fox"},
        "/api/classes/list": {"names": ["elk", "gnu"], "preview": False},
        "/api/classes/change": {"kind": "merge", "class_id": cat, "into": dog, "preview": False},
        "/api/changes/undo": {"change": 2},
        "/api/rewind": {"answer": 3, "preview": True},
    }
    for one in OPERATIONS:
        if one.gives is None:
            continue
        if one.takes is not None and one.has_body:
            jsonschema.validate(bodies[one.path], msgspec.json.schema(one.takes))
        if one.path == "/api/changes/undo":  # the merge before it
            bodies[one.path]["change"] = session.store.log.version()
        reply = client.request(one.method, one.path, json=bodies.get(one.path))
        assert reply.status_code == 200, reply.text
        described = msgspec.json.schema(one.gives)
        jsonschema.validate(reply.json(), described)
        jsonschema.Draft202012Validator.check_schema(described)
        msgspec.json.decode(reply.content, type=one.gives)


def test_refusals_are_as_described(client: TestClient, anonymous: TestClient) -> None:
    document = anonymous.get("/api/openapi.json").json()
    for path, method, content, status in (
        ("/api/next", "post", b"{", "422"),
        ("/api/answers", "post", b" " * (LARGEST_BODY + 1), "413"),
        ("/api/classes", "post", b'{"name": ""}', "409"),
    ):
        reply = client.request(method, path, content=content)
        assert str(reply.status_code) == status
        response = document["paths"][path][method]["responses"][status]
        schema = response["content"]["application/json"]["schema"]
        jsonschema.validate(reply.json(), schema | {"components": document["components"]})


def test_the_readable_page_names_every_operation(anonymous: TestClient) -> None:
    page = anonymous.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for one in OPERATIONS:
        assert f"{one.method} {one.path}" in page.text
