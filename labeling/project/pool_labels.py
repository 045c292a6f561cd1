"""Labels that come with a pool: in its manifest, or as the names of its folders."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import uuid4

from labeling.errors import ClassNameError
from labeling.pool.scan import Scanned
from labeling.project.project import Project
from labeling.store import NewAnswer
from labeling.store.samples import FileRecord

IMPORTED = "import"  # the annotator of imported answers


def wanted(project: Project) -> bool | None:
    """Whether the pool's labels become answers, or None as long as nobody has decided.

    A project from before this was asked goes on with the labels of its CSV.
    """
    chosen = project.settings().pool_labels
    asked = chosen is not None or not project.source.labels_meant
    return chosen if asked or IMPORTED not in project.store.answers.shares() else True


def import_labels(project: Project, files: Iterable[Scanned]) -> bool:
    """Turn the labels of files into imported answers; whether there were any."""
    store = project.store
    labeled = {file.sample_id: file for file in files if file.sample_id and file.label}
    # What a person undid, renamed or archived must not come back at each start.
    for sample_id in store.answers.ever_answered(list(labeled)):
        del labeled[sample_id]
    ids = _create_classes(project, [file.label or "" for file in labeled.values()])
    answers: list[NewAnswer] = []
    for sample_id, file in labeled.items():
        name = file.label or ""
        try:
            class_id = ids[name] if name in ids else store.classes.ensure(name).id
        except ClassNameError as error:
            problem = f"its label is left out: {error}"
            record = FileRecord(file.path, sample_id, file.size, file.mtime_ns, problem)
            store.samples.add([record])
            continue
        ids[name] = class_id
        answers.append(NewAnswer(str(uuid4()), sample_id, "label", class_id, source="imported"))
    if answers:
        store.answers.append(IMPORTED, answers)
    return bool(answers)


def _create_classes(project: Project, names: Iterable[str]) -> dict[str, int]:
    """Create the classes that are missing in one change; those that are known, by their names.

    A thousand changes of one class each would take a minute.
    """
    classes = project.store.class_lists
    with suppress(ClassNameError):  # another process was first: each is looked up later
        if missing := classes.sift(names).names:
            classes.create(missing)
    return {one.name: one.id for one in project.store.classes.all(archived=True) if one.active}
