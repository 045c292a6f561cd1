"""Offers: every sample that may be shown to somebody, best first."""

from collections.abc import Iterator, Set
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from labeling.answers.current import Ledger
from labeling.evidence.certificates import Certifier
from labeling.store import Offer
from labeling.store.provenance import OVERLAP, SPLIT

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round

GUESSES = 256  # random places of the pool that are tried before a list of the rest is made


def offers(
    ledger: Ledger,
    certifier: Certifier,
    round_: "Round | None",
    keep: Set[str],
    annotator: str | None,
    seed: int,
) -> Iterator[Offer]:
    """Every sample that may be shown but those in `keep`; drawn only as far as it is needed."""
    seen = set(keep)
    wanted = () if annotator is None else ledger.panel.waiting(annotator)
    again = (Offer(key, OVERLAP) for key in wanted)  # no guess: the model knows the first answer
    split = (Offer(key, SPLIT) for key in ledger.asked_again())
    for offer in chain(certifier.offers(), split, again):
        if offer.sample_id not in seen and ledger.is_open_to(annotator, offer.sample_id):
            yield offer
            seen.add(offer.sample_id)
    for offer in () if round_ is None else _ranked(ledger, round_):
        if offer.sample_id not in seen:
            yield offer
            seen.add(offer.sample_id)
    for key in _at_random(ledger, seen, seed):
        probability = 1.0 / max(1, len(ledger.roster) - len(ledger.current))
        if round_ is not None and round_.table.row(key) is not None:
            yield round_.offer(key, "random", acquisition_probability=probability)
        else:
            yield Offer(key, "unscored", acquisition_probability=probability)
        seen.add(key)
    for key, answer in list(ledger.current.items()):
        if answer.kind == "skip" and key not in seen and key in ledger.roster:
            yield round_.offer(key, "skipped") if round_ else Offer(key, "skipped")


def _ranked(ledger: Ledger, round_: "Round") -> Iterator[Offer]:
    """What is open of a ranking, which reaches far beyond what one person is shown."""
    if round_.table.roster is ledger.roster:  # no sample has to be looked up there
        return (one for one in round_.ranking if one.sample_id not in ledger.current)
    return (one for one in round_.ranking if ledger.is_open(one.sample_id))


def _at_random(ledger: Ledger, seen: Set[str], seed: int) -> Iterator[str]:
    """Open samples that are not in `seen`, in random order."""
    roster = ledger.roster
    rng = np.random.default_rng([seed, ledger.last_answer])
    # A large pool is hit at once by guessing; only what is left of it is worth a list.
    for place in rng.integers(len(roster), size=GUESSES).tolist() if roster else ():
        if (key := roster[place]) not in ledger.current and key not in seen:
            yield key
    roster, is_open = ledger.open_places()
    for place in rng.permutation(np.flatnonzero(is_open)).tolist():
        if (key := roster[place]) not in seen:
            yield key
