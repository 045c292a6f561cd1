"""Certainty: how sure it is that the class which counts for a sample is its true one."""

from collections.abc import Mapping, Sequence

from labeling.answers.consensus import FEW, is_opinion, judged
from labeling.store import Answer
from models.evidence.consensus import PRIOR_SKILL


def certainty(
    answers: Mapping[str, Answer], panels: Mapping[str, Sequence[Answer]]
) -> dict[str, float]:
    """(sample id: chance in (0, 1]) of the labels among `answers`; 1 for those that it leaves out.

    `panels` are the samples that several people have labeled independently. From three people on,
    one-coin Dawid–Skene tells from these how often each of them is right. What one person has
    said alone is as sure as that, and what several agree on surer. What a reviewer has decided, or
    was imported, is taken to be true. From fewer people nothing is known: then it is empty.
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
