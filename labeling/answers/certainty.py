"""Certainty: the chance that the class that counts for a sample is its true class."""

from collections.abc import Mapping, Sequence

from labeling.answers.consensus import FEW, is_opinion, judged
from labeling.store import Answer
from models.evidence.consensus import PRIOR_SKILL


def certainty(
    answers: Mapping[str, Answer], panels: Mapping[str, Sequence[Answer]]
) -> dict[str, float]:
    """(sample id: chance in (0, 1]) of the labels among `answers`; a missing sample has 1.

    `panels` are the samples that several people have labeled independently. With three or more
    people, one-coin Dawid–Skene estimates from these how often each person is right. A label by
    one person alone has that chance; a label that several agree on has a higher one. A reviewer's
    decision or an imported label is taken to be true. With fewer people the result is empty.
    """
    if len({one.annotator for given in panels.values() for one in given}) < FEW:
        return {}
    together = judged(panels)
    item_of = {key: place for place, key in enumerate(panels)}
    column_of = {class_id: column for column, class_id in enumerate(together.classes)}
    found = dict[str, float]()
    for key, answer in answers.items():
        if answer.kind != "label" or not is_opinion(answer):
            continue
        if (item := item_of.get(key)) is not None and answer.class_id in column_of:
            found[key] = float(together.posterior[item, column_of[answer.class_id]])
        else:
            found[key] = together.skill.get(answer.annotator, PRIOR_SKILL)
    return found
