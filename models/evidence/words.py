"""Why a class: the words of a text with evidence for it, and against it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.encoders.text import TextEncoder, padded
from models.head.linear import LinearHead

MOST_WORDS = 200  # that are left out one after another; the first ones of a longer text


@dataclass(frozen=True, eq=False)
class Spans:
    """(begin, end, weight) of words in a text, in code points; weights in logits.

    If the encoder takes a mean over tokens, `constant` and all weights add up to the logit of the
    class. Else a weight is what the logit loses without the word.
    """

    spans: list[tuple[int, int, float]]
    constant: float


def speaking_words(
    encoder: TextEncoder,
    head: LinearHead,
    center: npt.NDArray[Any],
    text: str,
    class_id: int,
) -> Spans:
    """Divide a class's logit among the words of a text.

    With e the embedding, a sum over tokens t of eₜ, a feature is (e - centre)/‖·‖, so that a token
    gets w·eₜ/‖·‖, and the centre, the bias and the special tokens belong to no word. The norm is
    held fixed. For an encoder without such a sum, each word is left out in turn.
    """
    column = int(np.searchsorted(head.classes, class_id))
    weight = head.weight[column].astype(np.float64) / head.temperature
    bias = float(head.bias[column]) / head.temperature
    spans, word_of = encoder.windows.words(text)
    rows = _tokens(encoder, text)
    if rows is None:
        return _left_out(encoder, spans, weight, bias, center, text)
    own, rest = rows
    embedding = own.sum(axis=0) + rest
    norm = float(np.linalg.norm(embedding - center)) or 1.0
    shares = own @ weight / norm
    sums = np.bincount(word_of, shares, len(spans)) if len(spans) else np.empty(0)
    constant = bias + float(weight @ (rest - center)) / norm
    return Spans([(*span, float(sum_)) for span, sum_ in zip(spans, sums, strict=True)], constant)


def _tokens(
    encoder: TextEncoder, text: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """What each token (T, D) and all special ones together (D,) add to the embedding."""
    windows = encoder.windows.of([text])
    weights = np.array([max(1, one.tokens) for one in windows], np.float64)
    own, rest = [], np.zeros(encoder.dim)
    for window, share in zip(windows, weights / weights.sum(), strict=True):
        ids, kinds = padded([window.ids], [window.inner])
        with torch.inference_mode():
            found = encoder.model.tokens(ids.to(encoder.device), kinds.to(encoder.device))
        if found is None:
            return None
        rows = share * found[0].float().cpu().double().numpy()
        own.append(rows[window.inner])
        rest += rows.sum(axis=0) - own[-1].sum(axis=0)
    return np.concatenate(own), rest


def _left_out(
    encoder: TextEncoder,
    spans: list[tuple[int, int]],
    weight: npt.NDArray[np.float64],
    bias: float,
    center: npt.NDArray[Any],
    text: str,
) -> Spans:
    spans = spans[:MOST_WORDS]
    without = [text[:begin] + text[end:] for begin, end in spans]
    rows = encoder.embed_framed([text, *without]).astype(np.float64) - center
    norms = np.linalg.norm(rows, axis=1)
    logits = rows @ weight / np.where(norms > 0, norms, 1.0) + bias
    lost = logits[0] - logits[1:]
    told = [(*span, float(value)) for span, value in zip(spans, lost, strict=True)]
    return Spans(told, float(logits[0] - lost.sum()))
