"""Tests for models.evidence.word_counts."""

import numpy as np
import pytest

from models.evidence.transfer import compare
from models.evidence.word_counts import WIDTH, word_counts
from tests.shared_files import shared


def test_texts_with_the_same_words_have_alike_rows() -> None:
    rows = word_counts(["red cat runs", "cat runs red", "blue house", "old blue house", "cat"])
    cosines = rows @ rows.T / np.outer(*[np.linalg.norm(rows, axis=1)] * 2)
    assert cosines[0, 1] > 0.7 > cosines[0, 2]


@pytest.mark.parametrize("texts", [["", " "], ["same"] * 3, ["one"], ["a b", "!"]])
def test_few_or_empty_texts_give_finite_rows(texts: list[str]) -> None:
    rows = word_counts(texts)
    assert rows.shape[0] == len(texts) and 1 <= rows.shape[1] <= WIDTH
    assert np.isfinite(rows).all()


def test_the_bundled_encoder_gains_on_word_counts_for_real_texts() -> None:
    from models.encoders.backbones import resolve

    lines = shared("data/sms-spam.tsv").read_text("utf-8").splitlines()[1:]
    labels, texts = zip(*[line.split("\t", 1) for line in lines[:400]], strict=True)
    ours = resolve(medium="text", device="cpu").embed_framed(texts)
    every = np.ones(400, dtype=bool)
    found = compare(
        ours, word_counts(texts), np.unique(labels, return_inverse=True)[1], every, np.arange(400)
    )
    assert found is not None and found.ours > 0.9 and not found.negative
