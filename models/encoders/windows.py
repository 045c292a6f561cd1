"""Windows: long texts in parts that a network takes, and back to words."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

MOST_WINDOWS = 32  # of one text; what comes after them is not seen

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Window:
    """Token ids with the special ones around; `inner` are the places of the text's own."""

    text: int
    ids: list[int]
    inner: slice

    @property
    def tokens(self) -> int:
        """How many are the text's own."""
        return len(range(self.inner.start, self.inner.stop))


class Windows:
    """Cuts texts into windows of at most `size` tokens; `prefix` stands before each text."""

    def __init__(self, tokenizer: Tokenizer, size: int, prefix: str = "") -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        around = tokenizer.encode("a").ids
        own = tokenizer.encode("a", add_special_tokens=False).ids
        begin = next(
            (at for at in range(len(around)) if around[at : at + len(own)] == own), len(around)
        )
        self._before, self._after = around[:begin], around[begin + len(own) :]
        self._before += tokenizer.encode(prefix, add_special_tokens=False).ids if prefix else []
        self._size = max(1, size - len(self._before) - len(self._after))

    def of(self, texts: Sequence[str]) -> list[Window]:
        """Every window of each text; one that has no token gets an empty one."""
        found = []
        for number, encoding in enumerate(self._encoded(texts)):
            ids = encoding.ids[: MOST_WINDOWS * self._size]
            for begin in range(0, max(1, len(ids)), self._size):
                part = ids[begin : begin + self._size]
                inner = slice(len(self._before), len(self._before) + len(part))
                found.append(Window(number, [*self._before, *part, *self._after], inner))
        return found

    def words(self, text: str) -> tuple[Spans, NDArray[np.int64]]:
        """(begin, end) of each word in the text, and the word of each token that is seen."""
        (encoding,) = self._encoded([text])
        ids = [word or 0 for word in encoding.word_ids[: MOST_WINDOWS * self._size]]
        offsets = encoding.offsets[: len(ids)]
        spans: dict[int, tuple[int, int]] = {}
        for word, (begin, end) in zip(ids, offsets, strict=True):
            first, last = spans.get(word, (begin, end))
            spans[word] = min(first, begin), max(last, end)
        order = {word: place for place, word in enumerate(spans)}
        found = [(begin, _whole(text, end)) for begin, end in spans.values()]
        return found, np.array([order[word] for word in ids], dtype=np.int64)

    def _encoded(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)


def _whole(text: str, end: int) -> int:
    """The end of a word with its accents, which a tokenizer may drop."""
    while 0 < end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
