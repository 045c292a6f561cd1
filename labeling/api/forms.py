"""Messages: one typed declaration each, used to validate, send and describe it."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
PLACE = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.DOTALL)
MISSING = re.compile("Object missing required field `(.*)`")
WRONG_KIND = re.compile("Expected `(.*)`, got `(.*)`")
TOO_MANY = re.compile("Expected `array` of length <= ([0-9]+)")


class Asked(msgspec.Struct, frozen=True):
    """The content of a request. Unknown fields are ignored."""


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a reply: exactly these fields."""


class RefusedError(Exception):
    """A refusal with an HTTP status and a reason in words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


A = TypeVar("A", bound=Asked)


def from_body(kind: type[A], content: bytes | bytearray) -> A:
    """A request from its JSON; raises RefusedError if it does not have that form."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise refused(str(error)) from error
    except msgspec.DecodeError as error:
        raise not_of_form(f"the body must be valid JSON. {error}.") from error


def from_query(kind: type[A], query: Mapping[str, str]) -> A:
    """A request from the parameters of its address; raises RefusedError like `from_body`."""
    try:
        return msgspec.convert(dict(query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise refused(str(error)) from error


def not_of_form(text: str) -> RefusedError:
    """The refusal of a request in the wrong form."""
    return RefusedError(422, f"The request does not have the expected form: {text}")


def refused(text: str) -> RefusedError:
    """The refusal with the field's name and the remedy, made from the library's message."""
    found = PLACE.fullmatch(text)
    assert found is not None  # it matches every text
    said, place = found[1], found[2] or ""
    name = f"`{place}`" if place else "the request"
    if many := TOO_MANY.fullmatch(said):
        return RefusedError(413, f"{name} has too many items; send {int(many[1]):,} at most.")
    if missing := MISSING.fullmatch(said):
        return not_of_form(f"`{f'{place}.{missing[1]}'.lstrip('.')}` is missing; add it.")
    if wrong := WRONG_KIND.fullmatch(said):
        wanted, got = (_kinds(one) for one in wrong.groups())
        return not_of_form(f"{name} must be {wanted}, not {got}.")
    if said == "Number out of range":
        return not_of_form(f"the number {name} is out of range; send a smaller one.")
    return not_of_form(f"{name}: {said}.")


def _kinds(names: str) -> str:
    return " or ".join(WORDS.get(name, name) for name in names.split(" | "))
