"""Texts of any encoding: read, bounded, and as JSON for the board."""

import codecs
import json
from collections.abc import Mapping
from typing import Any

from charset_normalizer import from_bytes

from labeling.errors import UnreadableError

SUFFIXES = frozenset({".txt", ".md"})
MAX_BYTES = 4_000_000
MAX_CHARACTERS = 1_000_000
SNIPPET = 300  # characters, for lists
SIZES = ("thumb", "view", "full")
GUESSED_FROM = 100_000  # bytes
WIDE_SHARE = 5  # of so many bytes, at least one is zero in UTF-16 of most languages
WIDESPREAD = ("cp1252", "cp1251", "cp1250", "cp932", "gb18030")
LEGACY = "cp1252"  # where nothing tells the encoding; it has a character for nearly every byte
ODD_SHARE = 10  # of so many characters, at least one is no text where the file is none
WITHOUT_ODD = dict.fromkeys([*range(32), 0xFFFD]) | {ord(sign): sign for sign in "\t\n\f\v\x1b"}
UNICODE_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(data: bytes) -> str:
    """The encoding of a text: by its mark, else UTF-8, else the most likely one."""
    for mark, name in UNICODE_MARKS.items():
        if data.startswith(mark):
            return name
    if WIDE_SHARE * data.count(b"\0") > len(data):  # as in UTF-16 without a mark
        return _guessed(data) or "utf-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":  # the data may be a beginning only
            return _guessed(data) or LEGACY
    return "utf-8"


def _guessed(data: bytes) -> str | None:
    """The likeliest encoding; of those that are as likely, the one that is used most."""
    matches = from_bytes(data[:GUESSED_FROM])
    if (best := matches.best()) is None:
        return None
    equal = [one.encoding for one in matches if one.chaos <= best.chaos]
    return next((name for name in WIDESPREAD if name in equal), best.encoding)


def read_text(data: bytes) -> str:
    """The text of a file or cell, without blanks around it; raises UnreadableError."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(
            f"{len(data) / 1e6:.0f} MB are more than the limit of {MAX_BYTES / 1e6:.0f} MB for one "
            "text; divide it"
        )
    text = data.decode(encoding_of(data), "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    # Neither a browser nor a tokenizer can show what a zero byte means.
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if not text:
        raise UnreadableError("it holds no text")
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(
            f"{len(text):,} characters are more than the limit of {MAX_CHARACTERS:,}; divide it"
        )
    if ODD_SHARE * (len(text) - len(text.translate(WITHOUT_ODD))) > len(text):
        raise UnreadableError("it is not text in an encoding that Hone knows; save it as UTF-8")
    return text


def identify(data: bytes) -> bytes:
    """What makes the sample: the text alone, so that neither encoding nor margins matter."""
    return read_text(data).encode()


def frame(data: bytes, name: str, framing: None) -> str:
    """What an encoder sees: the whole text."""
    return _named(data, name)


def preview(data: bytes, name: str, size: str, context: Mapping[str, str]) -> bytes:
    """JSON of the text, for a list its beginning alone, and the other columns of its row."""
    text = _named(data, name)
    told: dict[str, Any] = {"text": text, "length": len(text), "whole": True, "context": {}}
    if size == "thumb":
        short = snippet(text)
        told |= {"text": short, "whole": len(text) <= SNIPPET}
    else:
        told["context"] = dict(context)
    return json.dumps(told, ensure_ascii=False).encode()


def snippet(text: str) -> str:
    """The beginning of a text in one line."""
    return " ".join(text[: 2 * SNIPPET].split())[:SNIPPET]


def _named(data: bytes, name: str) -> str:
    try:
        return read_text(data)
    except UnreadableError as error:
        raise UnreadableError(f"{name}: {error}") from error
