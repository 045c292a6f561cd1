"""What a reviewer has to decide."""

from dataclasses import dataclass

from labeling.answers.current import CurrentAnswers
from labeling.store import Answer


@dataclass(frozen=True)
class Dispute:
    """A sample that is undecided, with what each person has said of it, oldest first.

    It is `complete` once nobody else is to be asked.
    """

    sample_id: str
    opinions: tuple[Answer, ...]
    complete: bool


def disputes(current: CurrentAnswers) -> list[Dispute]:
    """Samples on which people disagree or were unsure; first those that nobody else is asked."""
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
