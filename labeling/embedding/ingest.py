"""Bringing a pool in: scan its files, then embed its samples, in the background and resumable."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labeling.embedding.cores import cores_for_decoding, share_cores
from labeling.embedding.feed import ELSEWHERE, embed_samples
from labeling.embedding.idle import Lookers
from labeling.embedding.progress import Progress
from labeling.errors import BusyError, files_to_spare
from labeling.pool.scan import scan
from labeling.project.pool_labels import import_labels, wanted
from labeling.project.project import Project
from labeling.settings import Settings
from labeling.store.samples import FileRecord
from models.embeddings.cache import EmbeddingCache
from models.encoders.catalogue import suggest
from models.encoders.stamp import stamp

if TYPE_CHECKING:
    from models.embeddings import fill
    from models.encoders.encoder import Encoder

FIRST_FILES = 24  # enough for the first screen
FILES_AT_ONCE = 500
ADDED_FROM = "added_from"  # the setting with the place of the first image of those added last
EMBEDDED = "embedded"  # the setting by which other processes, and later starts, find the embeddings
READY = "All was prepared before."


@dataclass(frozen=True, kw_only=True)
class IngestState(Progress):
    """How far the pool is in, and with which backbone."""

    backbone: str = ""
    why: str = ""
    bytes_done: int = 0  # of weights that are being downloaded
    bytes_total: int = 0
    labels_found: int = 0  # beside the images, as long as nobody has decided to import them …
    classes_found: int = 0  # … or not


class Ingest:
    """Scans and embeds one project; `arrived` is called whenever samples or embeddings are new.

    A `backbone` that is loaded already is used in place of the one that the settings name.
    """

    def __init__(
        self,
        project: Project,
        arrived: Callable[[], None],
        backbone: "Encoder | None" = None,
    ) -> None:
        self._project = project
        self._arrived = arrived
        self._backbone = backbone
        self._in_background, self._patience = False, 0.0
        self._stop, self._lookers = threading.Event(), Lookers()
        self._thread: threading.Thread | None = None
        # `_at_work` until the thread will not look whether `_more` is asked for.
        self._turn, self._at_work, self._more = threading.Lock(), False, False
        self.cache: EmbeddingCache | None = None
        self.device = "cpu"
        self.pool_version = 0  # changes whenever samples or imported answers change
        self.found: Counter[str] = Counter()  # images of each label that the pool has
        self.state = IngestState(stage="scanning")
        self.cut_off = False  # whether it ended because something was away that comes back
        self._why = ""  # the reason for this backbone
        self._of: tuple[str | None, str] | None = None  # the chosen backbone and its features
        self.parts: list[tuple[int, float]] = []  # width and weight of each, if they are known

    @property
    def busy(self) -> bool:
        """Whether files are still being read or embedded."""
        return self.state.stage not in ("done", "failed")

    def start(self, patience: float = 0.0) -> None:
        """Run in a background thread, beside training and serving.

        Torch is not imported before the first `look` of a person, or the end of `patience` (s):
        the import takes a whole core for seconds, which would slow down the first screen.
        """
        self.wait()  # for a stopped thread
        self._stop.clear()
        self._in_background, self._patience, self.cut_off = True, patience, False
        self.state = IngestState(stage="scanning")
        self._begin(resume=True)

    def again(self) -> None:
        """Look for files that are new, changed or gone since the last scan, in the background.

        If it is still at work, it does so afterwards.
        """
        with self._turn:
            self._more = self._at_work
            if self._more:
                return
            self.wait()  # it ends without asking for the lock again
            self._stop.clear()
            self.cut_off = False
            self._begin(resume=False)

    def _begin(self, *, resume: bool) -> None:
        if not resume:
            self.state = IngestState(stage="scanning", backbone=self.state.backbone)
        self._more, self._at_work = False, True
        work = partial(self._run_until_calm, resume=resume)
        self._thread = threading.Thread(target=work, name="ingest", daemon=True)
        self._thread.start()

    def _run_until_calm(self, *, resume: bool) -> None:
        """Run, and again as long as somebody has asked for it meanwhile."""
        while True:
            self.run(resume=resume)
            with self._turn:
                self._at_work = self._more and not self._stop.is_set()
                self._more = resume = False
                if not self._at_work:
                    return
                self.state = IngestState(stage="scanning", backbone=self.state.backbone)

    def look(self) -> None:
        """Note that somebody labels: has got images, or has answered."""
        self._lookers.look()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the background thread has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def stop(self) -> None:
        """Stop at the next batch; a later start goes on from there."""
        self.cancel()
        self.wait(30.0)
        if self.cache is not None:
            self.cache.close()

    def cancel(self) -> None:
        """Let it stop at the next batch, without waiting for it."""
        self._stop.set()
        self.look()

    def is_of(self, settings: Settings) -> bool:
        """Whether what is embedded is still what the settings ask for."""
        return self._of in (None, (settings.backbone, settings.features))

    def is_whole(self) -> bool:
        """Whether this process knows all embeddings that the pool needs."""
        if self.cache is None or self.state.stage != "done":
            return False
        self.cache.refresh()
        return len(self.cache) >= self._project.store.samples.count()

    def follow(self) -> bool:
        """Take over what the leading process has embedded; whether that is more than before."""
        told = self._project.store.setting(EMBEDDED)
        if told is None:
            return False
        before = len(self.cache) if self.cache is not None else 0
        if self.cache is None or self.cache.fingerprint != told["fingerprint"]:
            before, self.cache = 0, self._cache(told["fingerprint"], told["dim"])
            self.parts = told.get("parts", [])
        elif self.state.stage != "done":
            self.cache.refresh()
        done = len(self.cache)
        if done > before or self.state.stage != "done":
            total = self._project.store.samples.count()
            stage = "done" if done >= total else "embedding"
            why = "Another process of Hone prepares and trains; this one follows."
            self.state = IngestState(
                stage=stage, backbone=told["name"], why=why, done=min(done, total), total=total
            )
        return done > before

    def run(self, *, resume: bool = True) -> None:
        """Scan, load the backbone, embed what is missing; errors end in the state, not here.

        With `resume`, a pool that was embedded before is used first and scanned later.
        """
        try:
            if resume and self._in_background and self._backbone is None:
                self._resume()
            with files_to_spare():
                self.scan_pool()
                self._embed()
        except Exception as error:  # the thread's end must be seen on the screen
            self.cut_off = isinstance(error, BusyError)
            self.state = replace(self.state, stage="failed", error=str(error) or repr(error))
        self._arrived()

    def _resume(self) -> None:
        """If all was embedded before, let the model learn at once and do the rest later.

        The scan and the loading of the backbone take a core for seconds, just when boards come
        back.
        """
        told, settings = self._project.store.setting(EMBEDDED), self._project.settings()
        if told is None or told.get("of") != [settings.backbone, settings.features]:
            return
        self._lookers.let_pass(self._patience, self._stop)
        share_cores()
        from models.encoders.device import pick_device

        ids = self._project.store.samples.ids()
        cache = self._cache(told["fingerprint"], told["dim"])
        if not ids or cache.missing(ids) or self._stop.is_set():
            return
        self.device, self._of = pick_device(), (settings.backbone, settings.features)
        self.parts = told.get("parts", [])
        self.state = IngestState(
            stage="done", backbone=told["name"], why=READY, done=len(ids), total=len(ids)
        )
        self.cache = cache
        self._arrived()
        self._lookers.wait_for_quiet(self._stop)

    def _cache(self, fingerprint: str, dim: int) -> "EmbeddingCache":

        return EmbeddingCache(self._project.embeddings, fingerprint, dim)

    def scan_pool(self) -> None:
        """Scan the pool: its files become samples, and files that are gone are forgotten."""
        samples = self._project.store.samples
        known_files, before = samples.files(), samples.count()
        known = {
            path: (file.size or 0, file.mtime_ns or 0, file.sample_id)
            for path, file in known_files.items()
            if file.sample_id is not None
        }
        found: set[str] = set()
        labels, decision = Counter[str](), wanted(self._project)
        self.pool_version += samples.clear_problems()
        files, size = scan(self._project.source, known), FIRST_FILES
        while part := list(islice(files, size)):
            size = FILES_AT_ONCE
            records = [
                FileRecord(file.path, file.sample_id, file.size, file.mtime_ns, file.problem)
                for file in part
            ]
            # After a restart all are known: nobody has to read a large pool again.
            new = [one for one in records if one != known_files.get(one.path)]
            added = samples.add(new, self._project.source.medium)
            self.pool_version += (bool(decision) and import_labels(self._project, part)) or added
            found.update(file.path for file in part)
            labels.update(file.label for file in part if file.sample_id and file.label)
            self.found = labels.copy()  # a screen may be reading the one before
            if self.busy:
                self.state = replace(self.state, done=len(found))
            if decision is None:
                self._offer()
            self._arrived()
            if self._stop.is_set():
                return
        gone = [path for path in known_files if path not in found]
        self.pool_version += samples.forget_files(gone)
        self._mark_added(before)

    def _offer(self) -> None:
        """Say how many labels could be imported; a single folder is no set of classes."""
        if len(self.found) > 1 or self._project.source.labels_meant:
            self.state = replace(
                self.state, labels_found=self.found.total(), classes_found=len(self.found)
            )

    def _mark_added(self, before: int) -> None:
        """Remember where new images begin, once a head has learned from all earlier ones."""
        newest = self._project.store.rounds.latest()
        grown = self._project.store.samples.count() > before
        if grown and newest is not None and newest.metrics.get("embedded", 0) >= before:
            self._project.store.set(ADDED_FROM, before)

    def _embed(self) -> None:
        ids, settings = self._project.store.samples.ids(), self._project.settings()
        if self._nothing_changed(ids, settings):  # loading takes seconds and hundreds of MB
            done = len(ids)
            self.state = replace(self.state, stage="done", why=READY, done=done, total=done)
            return
        if self.busy:  # else all was embedded before
            self.state = replace(self.state, stage="loading", done=0)
            self._lookers.wait_for_first(self._patience)
        if self._stop.is_set():
            return
        if self._in_background:
            share_cores()
        settings = self._project.settings()  # they may have changed while nobody looked
        backbone, self._why = self._choose(settings, len(ids))
        self.device = backbone.device
        if self.cache is None or self.cache.fingerprint != backbone.fingerprint:
            self.cache = self._cache(backbone.fingerprint, backbone.dim)
        settings = self._project.settings()  # with the default backbone, if that was chosen
        self._of = (settings.backbone, settings.features)
        self.parts = backbone.weighted_parts
        self._tell_fellows(backbone)
        self.state = replace(self.state, stage="embedding", backbone=backbone.name, why=self._why)
        # At random, so that what is embedded first stands for the whole pool.
        order = np.random.default_rng(settings.seed).permutation(len(ids))
        with closing(self.cache):  # it stays readable, and another process may write next
            embed_samples(
                self._project,
                backbone,
                self.cache,
                [ids[index] for index in order],
                workers=cores_for_decoding(self._in_background),
                in_background=self._in_background,
                progress=self._progress,
                stop=self._stop,
                left_out=self._left_out,
                waits=self._waits,
            )
        if not self._stop.is_set():
            self.state = replace(self.state, stage="done")

    def _nothing_changed(self, ids: list[str], settings: Settings) -> bool:
        """Whether all is embedded, with the weights that would be loaded now."""
        before = (self._project.store.setting(EMBEDDED) or {}).get("stamp")
        return (
            self.cache is not None
            and before is not None
            and before == stamp(Path(before[0]))
            and self._of == (settings.backbone, settings.features)
            and bool(self.parts)  # an earlier version told none
            and not self.cache.missing(ids)
        )

    def _tell_fellows(self, backbone: "Encoder") -> None:
        """Let other processes, and later starts, find the embeddings."""
        chosen = self._of[0] if self._of else None
        told = {"fingerprint": backbone.fingerprint, "dim": backbone.dim, "name": backbone.name}
        told |= {"of": list(self._of or ()), "parts": [list(part) for part in self.parts]}
        if backbone.file and (backbone.source != "bundled" or chosen in (None, "bundled")):
            told["stamp"] = stamp(backbone.file)  # else a later start looks for the weights again
        if self._project.store.setting(EMBEDDED) != told:
            self._project.store.set(EMBEDDED, told)

    def _choose(self, settings: Settings, samples: int) -> tuple["Encoder", str]:
        """The backbone and the reason for it: the given, else the chosen, else the default.

        The default is decided once, for a project without embeddings: another answer of the hub at
        a later start must not embed everything again.
        """
        from models.encoders.backbones import resolve
        from models.encoders.device import pick_device

        if self._backbone is not None:
            return self._backbone, self._backbone.why
        medium, told = self._project.source.medium, self._loading
        find = partial(resolve, medium=medium, features=settings.features, loaded=told)
        if settings.backbone is not None or any(self._project.embeddings.glob("*/manifest.json")):
            chosen = find(settings.backbone)
            return chosen, chosen.why
        name, words = suggest(pick_device(), samples, medium)
        chosen = find(name)
        self._project.change(backbone=name if chosen.source != "bundled" else "bundled")
        return chosen, f"{name} is {words}. {chosen.why}"

    def _loading(self, done: int, total: int) -> None:
        """How much of the weights has been downloaded from the hub."""
        self.state = replace(self.state, bytes_done=done, bytes_total=total)
        self._arrived()

    def _waits(self) -> None:
        """Another process writes the same embeddings: a trial, or one that led until now."""
        self.state = replace(self.state, why=ELSEWHERE)
        self._arrived()

    def _progress(self, progress: "fill.Progress") -> None:
        self.state = replace(
            self.state,
            why=self._why,
            done=progress.done,
            total=progress.total - progress.failed,
            rate=progress.rate,
        )
        self._arrived()

    def _left_out(self, sample_id: str, reason: str) -> None:
        self._project.store.samples.mark_unreadable(sample_id, reason)
        self.pool_version += 1
