"""Certainty: how sure it is that the class which counts for a sample is its true one."""

from collections.abc import Mapping, Sequence

import numpy as np

from labeling.panel import FEW
from labeling.store import Answer
from models.consensus import PRIOR_SKILL, one_coin

BY_PEOPLE = ("human", "accepted")


def certainty(
    answers: Mapping[str, Answer], panels: Mapping[str, Sequence[Answer]]
) -> dict[str, float]:
    """(sample id: chance in (0, 1]) of the labels among `answers`; 1 for those that it leaves out.

    `panels` are the samples that several people have labeled independently. From three people on,
    one-coin Dawid–Skene tells from these how often each of them is right. What one person has
    said alone is as sure as that, and what several agree on surer. What a reviewer has decided, or
    was imported, is taken to be true. From fewer people nothing is known: then it is empty.
    """
    told = [(place, one) for place, given in enumerate(panels.values()) for one in given]
    names, people = np.unique([one.annotator for _, one in told], return_inverse=True)
    if len(names) < FEW:
        return {}
    classes, codes = np.unique([one.class_id for _, one in told], return_inverse=True)
    items = np.array([place for place, _ in told], dtype=np.int64)
    posterior, skills = one_coin(items, people, codes, max(2, len(classes)))
    skill = dict(zip(names.tolist(), skills.tolist(), strict=True))
    item_of = {key: place for place, key in enumerate(panels)}
    column_of = {class_id: column for column, class_id in enumerate(classes.tolist())}
    found = dict[str, float]()
    for key, answer in answers.items():
        if answer.kind != "label" or answer.source not in BY_PEOPLE:
            continue
        if (item := item_of.get(key)) is not None and answer.class_id in column_of:
            found[key] = float(posterior[item, column_of[answer.class_id]])
        else:
            found[key] = skill.get(answer.annotator, PRIOR_SKILL)
    return found
