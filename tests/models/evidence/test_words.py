"""Words and the constant add up to the class's logit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoders.backbones import resolve
from models.encoders.text import TextEncoder
from models.evidence.words import MOST_WORDS, speaking_words
from models.head import HEADS
from models.head.linear import LinearHead
from models.space.space import Space
from tests.text_encoders import small_bert

GOOD = ["a lovely day", "lovely and kind", "what a kind gift", "a lovely gift of a day"]
BAD = ["an awful day", "awful and cruel", "what a cruel joke", "an awful joke of a day"]
WORDS = sorted({word for text in GOOD + BAD for word in text.split()})
Trained = tuple[LinearHead, Space]


def trained(encoder: TextEncoder) -> Trained:
    rows = encoder.embed_framed(GOOD + BAD)
    space = Space.fit(rows)
    head = HEADS["logistic"](space.transform(rows), np.arange(8) // 4, strength=1.0)
    assert isinstance(head, LinearHead)
    return head, space


def logit(encoder: TextEncoder, made: Trained, text: str, class_id: int) -> float:
    head, space = made
    features = space.transform(encoder.embed_framed([text]))
    return float(head.logits(torch.from_numpy(features))[0, class_id])


@pytest.fixture(scope="module")
def bundled() -> TextEncoder:
    found = resolve(medium="text", device="cpu")
    assert isinstance(found, TextEncoder)
    return found


@pytest.fixture(scope="module")
def made(bundled: TextEncoder) -> Trained:
    return trained(bundled)


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
@settings(max_examples=40, deadline=None)
def test_for_a_mean_of_tokens_words_and_constant_add_up_to_the_logit(
    bundled: TextEncoder, made: Trained, text: str
) -> None:
    for class_id in (0, 1):
        found = speaking_words(bundled, made[0], made[1].center, text, class_id)
        total = sum(weight for *_, weight in found.spans) + found.constant
        assert total == pytest.approx(logit(bundled, made, text, class_id), abs=0.02)
        assert all(0 <= begin <= end <= len(text) for begin, end, _ in found.spans)


@pytest.mark.parametrize("features", ["mean", "pooled", "cls"])
def test_a_transformer_tells_its_words_too(tmp_path: Path, features: str) -> None:
    folder = small_bert(tmp_path / "bert", WORDS)
    encoder = resolve(f"local-dir:{folder}", medium="text", features=features, device="cpu")
    assert isinstance(encoder, TextEncoder)
    own, text = trained(encoder), "an awful day and a lovely gift " * 6  # in two windows
    found = speaking_words(encoder, own[0], own[1].center, text, 1)
    assert [text[begin:end] for begin, end, _ in found.spans] == text.split()
    total = sum(weight for *_, weight in found.spans) + found.constant
    assert total == pytest.approx(logit(encoder, own, text, 1), abs=0.02)


def test_words_of_a_class_speak_for_it_and_against_the_other(
    bundled: TextEncoder, made: Trained
) -> None:
    text = "👩‍🚀 lovely 我 awful cafe\u0301"
    for class_id, sign in ((0, 1.0), (1, -1.0)):
        found = speaking_words(bundled, made[0], made[1].center, text, class_id)
        told = {text[begin:end]: sign * weight for begin, end, weight in found.spans}
        assert told["lovely"] > 0 > told["awful"]
        assert "我" in told and "cafe\u0301" in told


def test_each_word_that_is_left_out_shows_what_the_logit_loses(tmp_path: Path) -> None:
    folder = small_bert(tmp_path / "bert", WORDS)
    encoder = resolve(f"local-dir:{folder}", medium="text", features="cls", device="cpu")
    assert isinstance(encoder, TextEncoder)
    own, text = trained(encoder), "an awful day"
    found = speaking_words(encoder, own[0], own[1].center, text, 1)
    whole = logit(encoder, own, text, 1)
    for (_, _, weight), rest in zip(
        found.spans, [" awful day", "an  day", "an awful "], strict=True
    ):
        assert weight == pytest.approx(whole - logit(encoder, own, rest, 1), abs=0.02)
    long = speaking_words(encoder, own[0], own[1].center, "day " * (MOST_WORDS + 50), 1)
    assert len(long.spans) == MOST_WORDS


def test_a_text_without_words_has_only_the_constant(bundled: TextEncoder, made: Trained) -> None:
    found = speaking_words(bundled, made[0], made[1].center, " ", 0)
    assert found.spans == []
    assert found.constant == pytest.approx(logit(bundled, made, " ", 0), abs=0.02)
