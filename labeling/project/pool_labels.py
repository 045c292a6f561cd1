"""Labels that come with a pool: in its manifest, or as the names of its folders."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from labeling.errors import ClassNameError
from labeling.pool.manifest import ManifestSource
from labeling.pool.scan import Scanned
from labeling.project.project import Project
from labeling.store import NewAnswer
from labeling.store.samples import FileRecord

IMPORTED = "import"  # the annotator of imported answers
MOST_FILES = 100_000  # of a listing, so that a screen does not wait for a huge pool


def found_labels(project: Project) -> dict[str, int]:
    """The number of files of each label that the pool has, without reading any of them.

    Of a pool of more than `MOST_FILES` files, the first ones are counted. A single folder is no
    set of classes.
    """
    entries = islice(project.source.entries(), MOST_FILES)
    counts = Counter(one.label for one in entries if one.label and one.refused is None)
    return dict(counts.most_common()) if len(counts) > 1 else {}


def import_labels(project: Project, files: Iterable[Scanned]) -> bool:
    """Turn a manifest's labels, or class folders on request, into imported answers.

    Whether there were any.
    """
    wanted = project.settings().labels_from_folders
    if not wanted and not isinstance(project.source, ManifestSource):
        return False
    store = project.store
    labeled = {file.sample_id: file for file in files if file.sample_id and file.label}
    # What a person undid, renamed or archived must not come back at each start.
    for sample_id in store.answers.ever_answered(list(labeled)):
        del labeled[sample_id]
    answers: list[NewAnswer] = []
    for sample_id, file in labeled.items():
        try:
            class_id = store.classes.ensure(file.label or "").id
        except ClassNameError as error:
            problem = f"its label is left out: {error}"
            record = FileRecord(file.path, sample_id, file.size, file.mtime_ns, problem)
            store.samples.add([record])
            continue
        answers.append(
            NewAnswer(f"import:{sample_id}", sample_id, "label", class_id, source="imported")
        )
    if answers:
        store.answers.append(IMPORTED, answers)
    return bool(answers)
