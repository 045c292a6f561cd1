"""The description of the API: an OpenAPI document for programs, and a page for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from labeling.api.endpoint import Refusal
from labeling.api.html import page as html_page
from labeling.api.operation import Operation
from labeling.registries import listing
from labeling.store import Role

Json = dict[str, Any]
Schemas = Mapping[type, Json]

REFUSALS = {
    401: "The token is missing, wrong or expired, or the person's invitation has ended.",
    403: "The token is for a project that is not open on this server, or the role is too low.",
    503: "The database cannot be reached, its disk is full, or too much is asked at once. "
    "Send the request again in a moment.",
}
FOR_BODIES = {
    408: "The body took too long to arrive.",
    409: "It is not possible now; the text says why.",
    413: "The body is too large.",
    422: "The request does not have the expected form.",
}
INTRODUCTION = """\
The board uses this API, and scripts can use it too. Every request carries a token that names you
and your project: `Authorization: Bearer TOKEN`. `python -m labeling token` prints
one; run it on the server with the same HONE_HOME. Where people log in, `--name` is the name
of a member, and the token allows what the member's role allows. A token expires, and ends with the
member's invitation. Anybody who has it can label in your name, so keep it secret. Every
refusal has a status and gives the reason: `{"error": "…"}`."""

EXAMPLE = """\
TOKEN=$(python -m labeling token)
ask() { curl -sH "Authorization: Bearer $TOKEN" "localhost:8501/api/$@"; }

ask status
ask next -d '{"holder": "my-script", "count": 3}'
ask answers -d '{"answers": [{"client_id": "any UUID", "sample_id": "of a card",
                              "kind": "label", "class_id": 1}]}'
ask images/SAMPLE_ID/view > image.webp"""


def openapi(operations: Sequence[Operation]) -> Json:
    """The OpenAPI 3.1 document of all operations."""
    schemas, components = _schemas(operations)
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hone", "version": "1", "description": f"{INTRODUCTION}\n\n{listing()}"},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def page(operations: Sequence[Operation]) -> str:
    """The same as HTML, for people to read."""
    _, components = _schemas(operations)
    return html_page(
        "docs",
        introduction=INTRODUCTION.replace("`", ""),
        example=EXAMPLE,
        operations=[_section(one, components) for one in operations],
    )


def refusals(one: Operation) -> dict[int, str]:
    """Every status except 200 that an operation may answer with, and why."""
    form = FOR_BODIES if one.has_body else {}
    query = {422: FOR_BODIES[422]} if one.takes is not None else {}
    return dict(sorted((REFUSALS | form | query | dict(one.refusals)).items()))


def role(one: Operation) -> str:
    """The role that an operation needs, and where the token may be."""
    text = f"For the role {one.role}" + (" or higher." if one.role < max(Role) else ".")
    return text + (" The token may be in the address." if one.token_in_address else "")


def _schemas(operations: Sequence[Operation]) -> tuple[Schemas, Json]:
    """The schema of each message, and the parts that it refers to."""
    messages: list[type] = [Refusal]
    for one in operations:
        messages += [kind for kind in (one.takes, one.gives, one.in_path) if kind is not None]
    messages = list(dict.fromkeys(messages))
    found, parts = msgspec.json.schema_components(
        messages, ref_template="#/components/schemas/{name}"
    )
    return dict(zip(messages, found, strict=True)), parts


def _described(one: Operation, schemas: Schemas, components: Json) -> Json:
    schema = {} if one.gives is None else {"schema": schemas[one.gives]}
    success: Json = {"description": "Done.", "content": {kind: schema for kind in one.media}}
    responses: Json = {"200": success}
    for status, text in refusals(one).items():
        content = {"application/json": {"schema": schemas[Refusal]}}
        responses[str(status)] = {"description": text, "content": content}
    document: Json = {
        "operationId": one.name,
        "summary": one.summary,
        "description": role(one),
        "responses": responses,
    }
    parameters = _parameters(one.in_path, "path", components)
    if one.has_body:
        assert one.takes is not None
        content = {"application/json": {"schema": schemas[one.takes]}}
        document["requestBody"] = {"required": True, "content": content}
    else:
        parameters += _parameters(one.takes, "query", components)
    if parameters:
        document["parameters"] = parameters
    return document


def _parameters(kind: type | None, place: str, components: Json) -> list[Json]:
    return [
        {"name": name, "in": place, "required": place == "path", "schema": schema}
        | ({"description": schema["description"]} if "description" in schema else {})
        for name, schema in _properties(kind, components).items()
    ]


def _properties(kind: type | None, components: Json) -> Json:
    """The fields of a message with their schemas."""
    properties: Json = {} if kind is None else components[kind.__name__]["properties"]
    return properties


# -- for people ------------------------------------------------------------------------------


def _section(one: Operation, components: Json) -> Json:
    taken = _properties(one.in_path, components) | _properties(one.takes, components)
    return {
        "name": f"{one.method} {one.path}",
        "summary": one.summary,
        "role": role(one),
        "takes": {name: _text(schema, components) for name, schema in taken.items()},
        "gives": {
            name: _text(schema, components)
            for name, schema in _properties(one.gives, components).items()
        },
        "refusals": refusals(one),
    }


def _text(schema: Json, components: Json) -> str:
    """A field in words: its type, its meaning, and its parts."""
    text = str(schema.get("description", ""))
    part = schema.get("items", schema)
    inner = components[part["$ref"].rpartition("/")[2]]["properties"] if "$ref" in part else {}
    if inner:
        text += f" Each has {', '.join(inner)}." if "items" in schema else f" {', '.join(inner)}."
    kinds = [one["type"] for one in schema.get("anyOf", [schema]) if "type" in one]
    kind = json.dumps(schema["enum"]) if "enum" in schema else " or ".join(kinds)
    return f"{kind}. {text}".strip(". ") if kind else text
