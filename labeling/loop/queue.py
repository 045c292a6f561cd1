"""Offers: every sample that may be shown to somebody, best first."""

from collections.abc import Iterator, Set
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from labeling.answers.current import CurrentAnswers
from labeling.evidence.certificates import Certifier
from labeling.store import Offer
from labeling.store.provenance import OVERLAP, SPLIT

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round

GUESSES = 256  # random places of the pool that are tried before a list of the rest is made


def offers(
    current: CurrentAnswers,
    certifier: Certifier,
    round_: "Round | None",
    keep: Set[str],
    annotator: str | None,
    seed: int,
) -> Iterator[Offer]:
    """Every sample that may be shown but those in `keep`; drawn only as far as it is needed."""
    seen = set(keep)
    wanted = () if annotator is None else current.consensus.waiting(annotator)
    again = (Offer(key, OVERLAP) for key in wanted)  # no guess: the model knows the first answer
    split = (Offer(key, SPLIT) for key in current.asked_again())
    for offer in chain(certifier.offers(), split, again):
        if offer.sample_id not in seen and current.is_open_to(annotator, offer.sample_id):
            yield offer
            seen.add(offer.sample_id)
    for offer in () if round_ is None else _ranked(current, round_):
        if offer.sample_id not in seen:
            yield offer
            seen.add(offer.sample_id)
    for key in _at_random(current, seen, seed):
        probability = 1.0 / max(1, len(current.sample_index) - len(current.answers))
        if round_ is not None and round_.table.row(key) is not None:
            yield round_.offer(key, "random", acquisition_probability=probability)
        else:
            yield Offer(key, "unscored", acquisition_probability=probability)
        seen.add(key)
    for key, answer in list(current.answers.items()):
        if answer.kind == "skip" and key not in seen and key in current.sample_index:
            yield round_.offer(key, "skipped") if round_ else Offer(key, "skipped")


def _ranked(current: CurrentAnswers, round_: "Round") -> Iterator[Offer]:
    """What is open of a ranking, which reaches far beyond what one person is shown."""
    if round_.table.sample_index is current.sample_index:  # no sample has to be looked up there
        return (one for one in round_.ranking if one.sample_id not in current.answers)
    return (one for one in round_.ranking if current.is_open(one.sample_id))


def _at_random(current: CurrentAnswers, seen: Set[str], seed: int) -> Iterator[str]:
    """Open samples that are not in `seen`, in random order."""
    sample_index = current.sample_index
    rng = np.random.default_rng([seed, current.last_answer])
    # A large pool is hit at once by guessing; only what is left of it is worth a list.
    for place in rng.integers(len(sample_index), size=GUESSES).tolist() if sample_index else ():
        if (key := sample_index[place]) not in current.answers and key not in seen:
            yield key
    sample_index, is_open = current.open_places()
    for place in rng.permutation(np.flatnonzero(is_open)).tolist():
        if (key := sample_index[place]) not in seen:
            yield key
