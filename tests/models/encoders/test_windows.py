"""Tests for models.encoders.windows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models.encoders.backbones import WEIGHTS_DIR
from models.encoders.windows import MOST_WINDOWS, Windows
from tests.text_encoders import word_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return word_tokenizer(["the", "cat", "sat", "on", "mat"])


def test_a_short_text_is_one_window_with_the_special_tokens_around(tokenizer: Tokenizer) -> None:
    (window,) = Windows(tokenizer, 16).of(["the cat"])
    assert window.ids == tokenizer.encode("the cat").ids
    assert window.ids[window.inner] == tokenizer.encode("the cat", add_special_tokens=False).ids


def test_a_long_text_is_cut_into_windows_that_hold_every_token_once(tokenizer: Tokenizer) -> None:
    text = "the cat sat on the mat " * 5
    windows = Windows(tokenizer, 10).of([text])
    assert max(len(one.ids) for one in windows) == 10
    joined = [token for one in windows for token in one.ids[one.inner]]
    assert joined == tokenizer.encode(text, add_special_tokens=False).ids


def test_what_lies_behind_the_last_window_is_not_seen(tokenizer: Tokenizer) -> None:
    windows = Windows(tokenizer, 3).of(["the " * (MOST_WINDOWS + 5)])
    assert len(windows) == MOST_WINDOWS


def test_an_empty_text_has_an_empty_window_in_its_place(tokenizer: Tokenizer) -> None:
    windows = Windows(tokenizer, 16).of(["the", "", "mat"])
    assert [(one.text, one.tokens) for one in windows] == [(0, 1), (1, 0), (2, 1)]


def test_a_prefix_stands_in_every_window_and_is_no_word_of_the_text(tokenizer: Tokenizer) -> None:
    cut = Windows(tokenizer, 6, prefix="on")
    windows = cut.of(["the cat sat the cat sat the"])
    prefix = tokenizer.encode("on", add_special_tokens=False).ids
    assert all(
        one.ids[one.inner.start - len(prefix) : one.inner.start] == prefix for one in windows
    )
    assert cut.words("the cat")[0] == [(0, 3), (4, 7)]


@given(st.lists(st.text(max_size=12), max_size=6))
@settings(max_examples=50, deadline=None)
def test_words_are_places_in_the_text_itself_in_any_script(words: list[str]) -> None:
    text = " ".join(words)
    tokenizer = Tokenizer.from_file(str(WEIGHTS_DIR / "hone_words" / "tokenizer.json"))
    cut = Windows(tokenizer, 64)
    spans, word_of = cut.words(text)
    assert len(word_of) == sum(one.tokens for one in cut.of([text]))
    assert all(0 <= begin <= end <= len(text) for begin, end in spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("👩‍🚀 went up", ["went", "up"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("我爱 cats", ["我", "爱", "cats"]),
        ("مرحبا world", ["مرحبا", "world"]),
        ("null\x00byte end", ["end"]),
    ],
)
def test_words_of_emoji_accents_and_other_scripts_are_found(text: str, words: list[str]) -> None:
    tokenizer = Tokenizer.from_file(str(WEIGHTS_DIR / "hone_words" / "tokenizer.json"))
    spans, _ = Windows(tokenizer, 64).words(text)
    found = [text[begin:end] for begin, end in spans]
    assert [word for word in found if word in words] == words
