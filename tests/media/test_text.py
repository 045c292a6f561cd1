"""Texts in any encoding, within limits, as a board shows them."""

import codecs
import json

import pytest

from labeling.errors import UnreadableError
from labeling.media import MEDIA, main_medium
from labeling.media.text import (
    MAX_BYTES,
    MAX_CHARACTERS,
    SNIPPET,
    encoding_of,
    identify,
    preview,
    read_text,
)

RUSSIAN = "Привет, как дела? Это простое сообщение.\n" * 20
FRENCH = "Ça va très bien à Paris, où êtes-vous né, mon frère? Garçon!\n" * 20
JAPANESE = "これは日本語の文章です。とても長い。\n" * 20


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("emoji 😀, مرحبا, 你好", "utf-8"),
        ("with a mark", "utf-8-sig"),
        (FRENCH, "cp1252"),
        (FRENCH, "utf-16"),
        ("plain, but wide " * 9, "utf-16-le"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "shift_jis"),
    ],
)
def test_a_text_in_any_encoding_is_read(text: str, encoding: str) -> None:
    assert read_text(text.encode(encoding)) == text.strip()


def test_the_same_text_in_other_encodings_and_margins_is_one_sample() -> None:
    known = identify(FRENCH.encode())
    for other in (FRENCH.encode("cp1252"), codecs.BOM_UTF8 + FRENCH.replace("\n", "\r\n").encode()):
        assert identify(b"  " * 4 + other if other[:3] != codecs.BOM_UTF8 else other) == known


def test_a_beginning_that_is_cut_within_a_character_is_still_utf_8() -> None:
    assert encoding_of("Grüße"[:3].encode()[:-1]) == "utf-8"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" \n\t ", "it holds no text"),
        (bytes(range(256)) * 9, "save it as UTF-8"),
        (b"a" * (MAX_BYTES + 1), "limit of 4 MB"),
        (b"a" * (MAX_CHARACTERS + 1), "limit of 1,000,000; divide it"),
    ],
)
def test_what_is_no_text_is_refused_with_the_remedy(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        identify(data)
    with pytest.raises(UnreadableError, match=rf"row 7: .*{reason}"):
        preview(data, "row 7", "view", {})


def test_a_zero_byte_is_shown_as_a_character() -> None:
    assert read_text(b"a few words, and one \0 between") == "a few words, and one � between"


def test_a_list_gets_a_snippet_and_the_screen_all_of_it_with_the_rest_of_its_row() -> None:
    text, context = "<b>bold</b>\n\tand   more " * 30, {"from": "me"}
    short = json.loads(preview(text.encode(), "row 2", "thumb", context))
    assert short["text"] == " ".join(text.split())[:SNIPPET]
    assert (short["whole"], short["context"]) == (False, {})
    for size in ("view", "full"):
        whole = json.loads(preview(text.encode(), "row 2", size, context))
        assert (whole["text"], whole["whole"]) == (text.strip(), True)
        assert (whole["length"], whole["context"]) == (len(text.strip()), context)


def test_texts_beside_images_do_not_make_a_pool_of_texts() -> None:
    labeled = [f"{n}.{end}" for n in range(10) for end in ("jpg", "txt")]
    assert main_medium([*labeled, "classes.txt"]) == "image"
    assert main_medium([*(f"{n}.txt" for n in range(10)), "logo.png"]) == "text"
    assert main_medium(["notes.docx"]) == "image"


def test_all_media_have_the_same_sizes_since_the_board_asks_for_these() -> None:
    assert {one.sizes for one in MEDIA.values()} == {("thumb", "view", "full")}
