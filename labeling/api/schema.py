"""JSON schemas: by hand for what comes in, derived from dataclasses for what goes out."""

import types
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

Json = dict[str, Any]

STRING: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
BOOLEAN: Json = {"type": "boolean"}
PLAIN: dict[Any, Json] = {
    str: STRING,
    int: INTEGER,
    float: NUMBER,
    bool: BOOLEAN,
    type(None): {"type": "null"},
}


def described(schema: Json, text: str, **more: Any) -> Json:
    """A schema with what it means."""
    return schema | {"description": text} | more


def listed(items: Json, **more: Any) -> Json:
    """An array of items of one kind."""
    return {"type": "array", "items": items} | more


def mapped(values: Json) -> Json:
    """An object whose keys are ids."""
    return {"type": "object", "additionalProperties": values}


def structure(optional: tuple[str, ...] = (), /, **properties: Json) -> Json:
    """An object with exactly these properties, of which some may be left out."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def schema_of(kind: Any) -> Json:
    """The schema of a type: a dataclass, or what dataclasses are made of here.

    Raises TypeError for a type that it does not know.
    """
    if kind in PLAIN:
        return PLAIN[kind]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return structure(**{one.name: schema_of(hints[one.name]) for one in fields(kind)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one) for one in inner]}
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return listed(schema_of(inner[0]))
    if origin is tuple:
        places = [schema_of(one) for one in inner]
        return {"type": "array", "prefixItems": places, "minItems": len(places)}
    if origin is dict:
        return mapped(schema_of(inner[1]))  # in JSON, every key is a string
    raise TypeError(f"There is no schema for {kind!r} yet; add one to {__name__}.")
