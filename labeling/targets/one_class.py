"""One class: a label says to which one class a sample belongs."""

from labeling.errors import AnswerError


class OneClass:
    """The kinds of answers, and what each of them needs."""

    kinds = ("label", "skip", "unsure", "undo")

    def check(self, kind: str, class_id: int | None, undoes: str | None) -> None:
        """Raise AnswerError where an answer lacks what its kind needs, or has what it must not."""
        if kind not in self.kinds:
            raise AnswerError(f"Unknown kind of answer: {kind!r}; use one of {self.kinds}.")
        if (kind == "label") != (class_id is not None):
            raise AnswerError("A label needs a class, and only a label has one.")
        if (kind == "undo") != (undoes is not None):
            raise AnswerError("An undo needs the answer that it undoes, and only an undo has one.")
