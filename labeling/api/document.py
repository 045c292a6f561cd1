"""The API described: as an OpenAPI document for programs, and as a page for people."""

import json
from collections.abc import Sequence
from html import escape

from labeling.api.operation import Json, Operation
from labeling.registries import listing
from labeling.store import Role

REFUSALS = {
    401: "The token is missing, wrong or expired, or the person's invitation has ended.",
    403: "The token is for a project that is not open on this server, or for another role.",
    503: "The database cannot be reached, or its disk is full. Send the same again in a moment.",
}
FOR_BODIES = {
    408: "The body took too long to arrive.",
    409: "It cannot be done as things are; the text says why.",
    413: "The body is too large.",
    422: "The request is not of the expected form.",
}
ERROR: Json = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}
INTRODUCTION = """\
What the board talks to, for scripts too. Every request carries a token that says who you are and
which project you label: `Authorization: Bearer TOKEN`. `python -m labeling token` prints one, on
the machine of the server and with its HONE_HOME; where people log in, `--name` is that of a member,
and the token can do what the member's role can. A token expires, and ends with the member's
invitation; whoever has it can label in your name, so keep it to yourself. Every refusal has a
status and says why: `{"error": "…"}`."""


def openapi(operations: Sequence[Operation]) -> Json:
    """The OpenAPI 3.1 document of all operations."""
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hone", "version": "1", "description": f"{INTRODUCTION}\n\n{listing()}"},
        "paths": paths,
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def refusals(one: Operation) -> dict[int, str]:
    """Every status but 200 that an operation may answer with, and why."""
    form = FOR_BODIES if one.body is not None else {}
    query = {422: FOR_BODIES[422]} if one.query else {}
    return dict(sorted((REFUSALS | form | query | dict(one.refusals)).items()))


def role(one: Operation) -> str:
    """Who may ask for an operation, and where the token may stand."""
    text = f"For every {one.role}" + (" or more." if one.role < max(Role) else ".")
    return text + (" The token may stand in the address." if one.token_in_address else "")


def _described(one: Operation) -> Json:
    success: Json = {"description": "Done.", "content": {one.media: {}}}
    if one.reply is not None:
        success["content"][one.media] = {"schema": one.reply}
    responses: Json = {"200": success}
    for status, text in refusals(one).items():
        content = {"application/json": {"schema": ERROR}}
        responses[str(status)] = {"description": text, "content": content}
    document: Json = {
        "operationId": one.name,
        "summary": one.summary,
        "description": role(one),
        "responses": responses,
    }
    parameters = [_parameter(name, "path", schema) for name, schema in one.in_path.items()]
    parameters += [_parameter(name, "query", schema) for name, schema in one.query.items()]
    if parameters:
        document["parameters"] = parameters
    if one.body is not None:
        content = {"application/json": {"schema": one.body}}
        document["requestBody"] = {"required": True, "content": content}
    return document


def _parameter(name: str, place: str, schema: Json) -> Json:
    plain = {key: value for key, value in schema.items() if key != "description"}
    parameter: Json = {"name": name, "in": place, "required": place == "path", "schema": plain}
    if "description" in schema:
        parameter["description"] = schema["description"]
    return parameter


# -- for people ------------------------------------------------------------------------------

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hone: the HTTP API</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; }}
body {{
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
}}
h2 {{ margin-top: 2.5rem; font-size: 1.1rem; }}
h3 {{ margin: 1rem 0 .3rem; font-size: .9rem; opacity: .75; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .4rem 1.5rem; }}
code, pre {{ font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }}
pre {{ white-space: pre-wrap; padding: .8rem; border: 1px solid #8886; border-radius: 6px; }}
</style><h1>The HTTP API</h1><p>{introduction}</p><p><a href="openapi.json">openapi.json</a></p>
<pre>{example}</pre>{operations}</html>"""

EXAMPLE = """\
TOKEN=$(python -m labeling token)
ask() { curl -sH "Authorization: Bearer $TOKEN" "localhost:8501/api/$@"; }

ask status
ask next -d '{"holder": "my-script", "count": 3}'
ask answers -d '{"answers": [{"client_id": "any UUID", "sample_id": "of a card",
                              "kind": "label", "class_id": 1}]}'
ask images/SAMPLE_ID/view > image.webp"""


def page(operations: Sequence[Operation]) -> str:
    """The same as HTML, to be read."""
    return PAGE.format(
        introduction=escape(INTRODUCTION).replace("`", ""),
        example=escape(EXAMPLE),
        operations="".join(_section(one) for one in operations),
    )


def _section(one: Operation) -> str:
    parts = [
        f"<h2><code>{one.method} {escape(one.path)}</code></h2><p>{escape(one.summary)}</p>"
        f"<p>{escape(role(one))}</p>"
    ]
    taken = {**one.in_path, **one.query, **(one.body or {}).get("properties", {})}
    if taken:
        parts.append(f"<h3>takes</h3><dl>{_rows(taken)}</dl>")
    if one.reply is not None:
        parts.append(f"<h3>gives</h3><dl>{_rows(one.reply['properties'])}</dl>")
    told = {str(status): {"description": text} for status, text in refusals(one).items()}
    parts.append(f"<h3>refuses with</h3><dl>{_rows(told)}</dl>")
    return "".join(parts)


def _rows(properties: Json) -> str:
    return "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(_text(schema))}</dd>"
        for name, schema in properties.items()
    )


def _text(schema: Json) -> str:
    text = str(schema.get("description", ""))
    inner = schema.get("items", schema).get("properties")
    if inner:
        text += f" Each has {', '.join(inner)}." if "items" in schema else f" {', '.join(inner)}."
    kind = schema.get("type") or (schema.get("enum") and json.dumps(schema["enum"])) or ""
    return f"{kind}. {text}".strip(". ") if kind else text
