"""What a reviewer has to decide."""

from dataclasses import dataclass

from labeling.answers.current import CurrentAnswers
from labeling.store import Answer


@dataclass(frozen=True)
class Dispute:
    """An undecided sample with each person's answer, oldest first.

    It is `complete` when nobody else needs to be asked.
    """

    sample_id: str
    opinions: tuple[Answer, ...]
    complete: bool


def disputes(current: CurrentAnswers) -> list[Dispute]:
    """Samples on which people disagree or were unsure; those that are complete come first."""
    with current.lock:
        found = [
            Dispute(
                key,
                tuple(current.consensus.opinions(key)) or (answer,),
                current.consensus.is_complete(key),
            )
            for key, answer in current.answers.items()
            if answer.kind == "unsure" and key in current.sample_index
        ]
    return sorted(found, key=lambda one: (not one.complete, one.opinions[-1].id))
