"""What the head learns from: labels, and how sure each one is."""

from typing import TYPE_CHECKING

import numpy as np

from labeling.answers.certainty import certainty
from labeling.answers.current import Moment
from labeling.store import Answer

if TYPE_CHECKING:
    from labeling.learning.snapshot import Snapshot
    from labeling.learning.table import Table


def teaches(answer: Answer, classes: set[int]) -> bool:
    """Whether a head learns from an answer.

    It does not learn an archived class, which could be predicted but not chosen. Nor does it learn
    a pre-label that was accepted unseen: the head would only agree with itself.
    """
    return answer.class_id in classes and answer.certificate_id is None


def take_snapshot(table: "Table", moment: Moment, classes: set[int]) -> "Snapshot":
    """The labels of a table's rows at one moment, in the order of the answers."""
    from labeling.learning.snapshot import AUDIT, Snapshot

    certain = certainty(moment.answers, moment.panels)
    answers = sorted(moment.answers.values(), key=lambda answer: answer.id)
    keys = [answer.sample_id for answer in answers]
    rows = table.rows(keys)
    if table.sample_index is not moment.sample_index:  # some may have left the pool meanwhile
        rows[moment.sample_index.places(keys) < 0] = -1
    is_taught = [
        row >= 0 and teaches(answer, classes)
        for row, answer in zip(rows.tolist(), answers, strict=True)
    ]
    taught = [answer for answer, one in zip(answers, is_taught, strict=True) if one]
    sure = np.array([certain.get(answer.sample_id, 1.0) for answer in taught], dtype=np.float64)
    return Snapshot(
        table=table,
        rows=rows[np.array(is_taught, dtype=bool)],
        labels=np.array([answer.class_id for answer in taught], dtype=np.int64),
        audits=np.array([answer.query == AUDIT for answer in taught], dtype=bool),
        answered=rows[rows >= 0],
        through=moment.last_answer,
        changed=moment.changed,
        certainty=sure if certain else None,
    )
