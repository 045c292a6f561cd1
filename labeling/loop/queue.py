"""The queue: which samples come next, leased to one holder each."""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from labeling.answers.current import CurrentAnswers
from labeling.embedding.ingest import Ingest
from labeling.evidence.certificates import Certifier
from labeling.evidence.error_rate import EVERY_GUESS, Cut
from labeling.learning.learner import Learner
from labeling.loop.cards import Card, make_cards
from labeling.loop.rules import Rules
from labeling.project.project import Project
from labeling.store import Offer
from labeling.store.provenance import OVERLAP, SPLIT

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round

GUESSES = 256  # random places of the pool to try before all remaining samples are listed


class Queue:
    """Hands out samples; a holder is one browser tab or script."""

    def __init__(
        self,
        project: Project,
        ingest: Ingest,
        current: CurrentAnswers,
        certifier: Certifier,
        learner: Learner,
        rules: Rules,
    ) -> None:
        self._project, self._store = project, project.store
        self._ingest, self._current, self._certifier = ingest, current, certifier
        self._learner, self._rules = learner, rules

    def next(
        self,
        holder: str,
        count: int,
        keep: Sequence[str] = (),
        spare: Sequence[str] | None = (),
        annotator: str | None = None,
        drop: Sequence[str] = (),
    ) -> list[Card]:
        """The samples to label next, leased to `holder`, best first; fewer at the pool's end.

        Some of these may have answers by other people; `annotator` should then answer them too.

        Samples in `keep` are on the holder's screen: they stay leased and are not returned.
        Samples in `spare` stay leased too, but are returned if they are among the best. If
        `spare` is None, every lease stays except those of `drop`.
        """
        self._rules.follow()
        round_ = self._learner.round
        kept = [key for key in keep if key in self._current.sample_index]
        # An answer is on disk a moment before it is in memory; another process may have got it.
        past = self._current.last_answer
        possible = self._offers(round_, set(kept), annotator)
        again = () if spare is None else kept  # samples off the screen need no new lease
        most = self._current.fair_share()
        claimed = self._store.leases.claim(holder, possible, count, again, spare, past, drop, most)
        self._ingest.look()
        return self._cards(claimed, round_)

    def hold(
        self, holder: str, sample_ids: Sequence[str], annotator: str | None = None
    ) -> list[str]:
        """Renew the leases of samples that a holder still shows; returns those that remain.

        A lease is lost if the sample was answered meanwhile, or leased to another holder.
        """
        past = self._current.last_answer
        open_ = [key for key in sample_ids if self._current.is_open_to(annotator, key)]
        return self._store.leases.hold(holder, open_, past, self._current.fair_share())

    def page(
        self,
        holder: str,
        class_id: int,
        count: int,
        *,
        confident: bool = True,
        keep: Sequence[str] = (),
        cut: Cut = EVERY_GUESS,
    ) -> list[Card]:
        """Unanswered samples of one predicted class, most (or least) confident first, leased.

        Samples in `keep` stay leased and are not returned, nor are guesses outside the `cut`.
        """
        self._ingest.look()
        round_, current = self._learner.round, self._current
        past, most = current.last_answer, current.fair_share()
        if round_ is None or round_.scores is None:
            return []
        rows = round_.table.open_rows(current)
        rows = rows[np.isin(round_.scores.best[rows], self._store.classes.counting_as(class_id))]
        rows = rows[cut.holds(round_.scores.first[rows])]
        confidence = round_.scores.first[rows]
        rows = rows[np.argsort(-confidence if confident else confidence, kind="stable")]
        ids = (round_.table.id(row) for row in rows.tolist())
        ids = (key for key in ids if not current.is_asked_again(key))
        possible = (round_.offer(key, "grid") for key in ids if current.is_open(key))
        kept = [key for key in keep if key in current.sample_index]
        claimed = self._store.leases.claim(holder, possible, count, kept, past=past, most=most)
        return self._cards(claimed, round_)

    def predicted_counts(self, cut: Cut = EVERY_GUESS) -> dict[int, int]:
        """The number of unanswered samples that the head predicts as each class, in the `cut`."""
        round_ = self._learner.round
        if round_ is None or round_.scores is None:
            return {}
        rows = round_.table.open_rows(self._current)
        best = round_.scores.best[rows[cut.holds(round_.scores.first[rows])]]
        ends, total = self._store.classes.counts_as(), Counter[int]()
        found, counts = np.unique(best[best >= 0], return_counts=True)
        for key, number in zip(found.tolist(), counts.tolist(), strict=True):
            total[ends.get(key, key)] += number
        return dict(total)

    def _cards(self, claimed: Sequence[Offer], round_: "Round | None") -> list[Card]:
        samples = self._store.samples.many([offer.sample_id for offer in claimed])
        return make_cards(claimed, samples, round_, self._store.classes.counts_as())

    # -- offers ------------------------------------------------------------------------------

    def _offers(
        self, round_: "Round | None", keep: Set[str], annotator: str | None
    ) -> Iterator[Offer]:
        """All samples that may be shown, except those in `keep`; a lazy iterator."""
        current, seen = self._current, set(keep)
        wanted = () if annotator is None else current.consensus.waiting(annotator)
        again = (Offer(key, OVERLAP) for key in wanted)  # no guess: the model knows an answer
        split = (Offer(key, SPLIT) for key in current.asked_again())
        for offer in chain(self._certifier.offers(), split, again):
            if offer.sample_id not in seen and current.is_open_to(annotator, offer.sample_id):
                yield offer
                seen.add(offer.sample_id)
        for offer in () if round_ is None else self._ranked(round_):
            if offer.sample_id not in seen:
                yield offer
                seen.add(offer.sample_id)
        for key in self._at_random(seen):
            probability = 1.0 / max(1, len(current.sample_index) - len(current.answers))
            if round_ is not None and round_.table.row(key) is not None:
                yield round_.offer(key, "random", acquisition_probability=probability)
            else:
                yield Offer(key, "unscored", acquisition_probability=probability)
            seen.add(key)
        for key, answer in list(current.answers.items()):
            if answer.kind == "skip" and key not in seen and key in current.sample_index:
                yield round_.offer(key, "skipped") if round_ else Offer(key, "skipped")

    def _ranked(self, round_: "Round") -> Iterator[Offer]:
        """The open samples of a ranking, which is much longer than one person's queue."""
        current = self._current
        if round_.table.sample_index is current.sample_index:  # no look-up for each sample
            return (one for one in round_.ranking if one.sample_id not in current.answers)
        return (one for one in round_.ranking if current.is_open(one.sample_id))

    def _at_random(self, seen: Set[str]) -> Iterator[str]:
        """Open samples that are not in `seen`, in random order."""
        current = self._current
        index = current.sample_index
        rng = np.random.default_rng([self._project.settings().seed, current.last_answer])
        # In a large pool a guess nearly always hits; only a nearly empty one needs a list.
        for place in rng.integers(len(index), size=GUESSES).tolist() if index else ():
            if (key := index[place]) not in current.answers and key not in seen:
                yield key
        index, is_open = current.open_places()
        for place in rng.permutation(np.flatnonzero(is_open)).tolist():
            if (key := index[place]) not in seen:
                yield key
