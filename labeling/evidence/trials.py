"""Trials: other backbones on the same images, embedded in the background while labeling goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labeling.answers.current import CurrentAnswers
from labeling.embedding.cores import share_cores
from labeling.embedding.feed import ELSEWHERE, embed_samples
from labeling.embedding.ingest import Ingest
from labeling.embedding.progress import Progress
from labeling.errors import HoneError
from labeling.learning.training_set import teaches
from labeling.project.project import Project
from models.embeddings.cache import EmbeddingCache
from models.encoders.catalogue import rank

if TYPE_CHECKING:
    from models.embeddings import fill
    from models.evidence.backbone_choice import Standing

SAMPLE = 2000  # images for the comparison of backbones
ENOUGH_AUDITS = 30  # with fewer, the comparison uses all labels
PATIENCE = 0.2  # seconds between two checks whether the pool's own embedding is done


@dataclass(frozen=True)
class Trial(Progress):
    """One backbone on trial, and its progress.

    `whole` means that the whole pool is embedded, so the project can switch to it.
    """

    backbone: str
    features: str = "pooled"
    whole: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """Its name on screen."""
        return called(self.backbone, self.features)


@dataclass(frozen=True)
class Comparison:
    """Backbones on the same labels, best first; `audits_only` if these are blind checks alone."""

    standings: tuple["Standing", ...]
    present: str
    labels: int
    audits_only: bool


def called(backbone: str | None, features: str) -> str:
    """The name of a backbone, with the features taken from it."""
    return (backbone or "bundled") + ("" if features == "pooled" else f" ({features})")


class Trials:
    """Embeds one trial after another in its own thread; calls `told` after every step."""

    def __init__(
        self,
        project: Project,
        ingest: Ingest,
        current: CurrentAnswers,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._project, self._ingest, self._current, self._told = project, ingest, current, told
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._trials: dict[str, Trial] = {}
        self._caches: dict[str, EmbeddingCache] = {}
        self._compared: tuple[tuple[Any, ...], Comparison | None] | None = None  # when, and what

    def all(self) -> list[Trial]:
        """Every trial, in the order of the requests."""
        with self._lock:
            return list(self._trials.values())

    def request(self, backbone: str, features: str = "pooled", *, whole: bool = False) -> Trial:
        """Put a backbone on trial, or update its trial with the current labels."""
        from models.encoders.features import parse

        trial = Trial(backbone, "+".join(parse(features)), whole)
        with self._lock:
            before = self._trials.get(trial.name)
            if before is not None and before.stage not in ("done", "failed"):
                whole = whole or before.whole
                trial = replace(before, whole=whole)
            elif before is not None:
                trial = replace(trial, whole=whole or before.whole)
            self._trials[trial.name] = trial
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="trials", daemon=True)
                self._thread.start()
        return trial

    def resume(self) -> None:
        """Continue a backbone to switch to, which was begun before the last restart."""
        settings = self._project.settings()
        if settings.next_backbone is not None:
            self.request(settings.next_backbone, settings.next_features, whole=True)

    def forget(self, name: str) -> None:
        """Take a trial off the list; its embeddings stay on disk."""
        with self._lock:
            self._trials.pop(name, None)
            self._caches.pop(name, None)

    def wait(self, timeout: float | None = None) -> None:
        """Block until no trial waits or runs."""
        if (thread := self._thread) is not None:
            thread.join(timeout)

    def stop(self) -> None:
        """Stop at the next batch; the embeddings stay."""
        self._stop.set()
        self.wait(30.0)

    close = stop

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        share_cores()
        while self._ingest.busy:  # the pool itself comes first
            if self._stop.wait(PATIENCE):
                return
        while (trial := self._take()) is not None:
            try:
                self._embed(trial)
                self._tell(trial.name, stage="done")
            except Exception as error:  # one that cannot be loaded must not stop the others
                self._tell(trial.name, stage="failed", error=str(error) or repr(error))

    def _take(self) -> Trial | None:
        """The next waiting trial, marked as running; None ends the thread."""
        with self._lock:
            waiting = [one for one in self._trials.values() if one.stage == "waiting"]
            if not waiting or self._stop.is_set():
                self._thread = None
                return None
            self._trials[waiting[0].name] = replace(waiting[0], stage="loading")
            return waiting[0]

    def _tell(self, name: str, **values: Any) -> None:
        with self._lock:
            if name in self._trials:
                self._trials[name] = replace(self._trials[name], **values)
        self._told()

    def _embed(self, trial: Trial) -> None:
        from models.encoders.backbones import resolve

        def loaded(done: int, total: int) -> None:
            self._tell(trial.name, note=f"downloading: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

        def progress(at: "fill.Progress") -> None:
            total = at.total - at.failed
            self._tell(trial.name, stage="embedding", note=backbone.why, done=at.done, total=total,
                       rate=at.rate or self._rate(trial))  # fmt: skip

        def waits() -> None:
            self._tell(trial.name, stage="waiting", note=ELSEWHERE)

        medium = self._project.source.medium
        backbone = resolve(trial.backbone, medium=medium, features=trial.features, loaded=loaded)
        if backbone.source == "bundled" and trial.backbone != "bundled":
            raise HoneError(backbone.why.partition("; using")[0] + ".")
        with closing(
            EmbeddingCache(self._project.embeddings, backbone.fingerprint, backbone.dim)
        ) as cache:
            order = self._order() if trial.whole else self._order()[:SAMPLE]
            embed_samples(
                self._project, backbone, cache, order, workers=1, progress=progress,
                stop=self._stop, left_out=lambda name, reason: None, waits=waits,
            )  # fmt: skip
            with self._lock:
                self._caches[trial.name] = cache

    def _rate(self, trial: Trial) -> float:
        with self._lock:
            return self._trials[trial.name].rate if trial.name in self._trials else 0.0

    def _order(self) -> list[str]:
        """Every sample: blind checks first, then other labels, then the rest at random."""
        moment = self._current.moment()
        keys = [key for key, a in moment.answers.items() if a.class_id is not None]
        places = moment.sample_index.places(keys).tolist()
        labeled = [key for key, place in zip(keys, places, strict=True) if place >= 0]
        labeled.sort(key=lambda key: (moment.answers[key].query != "audit", moment.answers[key].id))
        known = set(places)
        seed = self._project.settings().seed
        order = np.random.default_rng(seed).permutation(len(moment.sample_index)).tolist()
        return labeled + [moment.sample_index[i] for i in order if i not in known]

    # -- results ------------------------------------------------------------------

    def compare(self) -> Comparison | None:
        """All embedded backbones and the present one; None while there is nothing to compare."""

        settings, own = self._project.settings(), self._ingest.cache
        present = called(settings.backbone, settings.features)
        with self._lock:
            caches = dict(self._caches)
            backbones = {one.name: one.backbone for one in self._trials.values()}
        if own is None or not caches:
            return None
        caches[present], backbones[present] = own, settings.backbone or "bundled"
        at = (self._current.last_answer, *sorted((name, len(one)) for name, one in caches.items()))
        if self._compared is None or self._compared[0] != at:
            medium = self._project.source.medium
            places = {name: rank(backbone, medium) for name, backbone in backbones.items()}
            self._compared = (at, self._compare(caches, present, places))
        return self._compared[1]

    def _compare(
        self,
        caches: "dict[str, EmbeddingCache]",
        present: str,
        places: dict[str, int | None],
    ) -> Comparison | None:
        from models.evidence.backbone_choice import compare, left_out_hits

        found = self._labels(list(caches.values()))
        if found is None:
            return None
        ids, labels, audits_only = found
        hits = {
            name: left_out_hits(cache.matrix(), cache.rows(ids), labels)
            for name, cache in caches.items()
        }
        rng = np.random.default_rng(self._project.settings().seed)
        standings = compare(hits, present, places, rng)
        return Comparison(tuple(standings), present, len(ids), audits_only)

    def _labels(self, caches: "list[EmbeddingCache]") -> tuple[list[str], Any, bool] | None:
        """Samples embedded by all, with their classes: blind checks if there are enough."""
        moment = self._current.moment()
        classes = {one.id for one in self._project.store.classes.all()}
        chosen = [
            (key, answer) for key, answer in moment.answers.items()
            if teaches(answer, classes) and key in moment.sample_index
        ]  # fmt: skip
        keys = [key for key, _ in chosen]
        there = np.ones(len(keys), dtype=bool)
        for cache in caches:
            there &= cache.rows(keys) >= 0
        chosen = [pair for pair, here in zip(chosen, there.tolist(), strict=True) if here]
        audits = [pair for pair in chosen if pair[1].query == "audit"]
        for pairs, audits_only in self._preferred(audits, chosen):
            labels = np.array([answer.class_id for _, answer in pairs], dtype=np.int64)
            if len(np.unique(labels)) >= 2:
                return [key for key, _ in pairs], labels, audits_only
        return None

    @staticmethod
    def _preferred(audits: list[Any], chosen: list[Any]) -> Iterator[tuple[list[Any], bool]]:
        if len(audits) >= ENOUGH_AUDITS:
            yield audits, True
        yield chosen, False
