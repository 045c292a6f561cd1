"""The state of a project, on the command line."""

import json
from collections import Counter
from contextlib import closing
from typing import Any

import click

from labeling.answers.consensus import current
from labeling.cli.history import of_moment
from labeling.cli.options import Place, as_of_option, on_project
from labeling.cli.terminal import one_line
from labeling.project.project import Project
from models.embeddings.cache import EmbeddingCache


@click.command
@on_project
@click.option("--json", "plain", is_flag=True, help="Print plain JSON.")
@as_of_option
def status(place: Place, plain: bool, as_of: str | None) -> None:
    """Print the state of the project."""
    with closing(place.open(new=False)) as project, of_moment(project, as_of) as chosen:
        facts = _facts(chosen)
    if plain:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return
    names = ("pool", "project", "samples", "unreadable", "labels", "skipped", "unsure", "rounds")
    for name in names:
        value = len(facts[name]) if name == "unreadable" else facts[name]
        print(f"{name:12}{value if isinstance(value, str) else format(value, ',')}")
    print(f"{'on disk':12}{facts['bytes'] / 1e6:,.1f} MB")
    for title, counts in (("per class", facts["per_class"]), ("embedded", facts["embedded"])):
        print(title)
        width = max(map(len, counts), default=0) + 2
        for name, count in counts.items():
            print(f"  {one_line(name):{width}}{count:,}")


def _facts(project: Project) -> dict[str, Any]:
    """The whole of `status` as plain values."""
    store, ids = project.store, project.store.samples.ids()
    known = store.classes.all(archived=True)
    names = {found.id: found.name for found in known if found.merged_into is None}
    counting = current(store.answers.standing()).values()
    kinds = Counter(answer.kind for answer in counting)
    labels = Counter(answer.class_id for answer in counting if answer.class_id is not None)
    embedded = {}
    for manifest in sorted(project.embeddings.glob("*/manifest.json")):
        dim = json.loads(manifest.read_text(encoding="utf-8"))["dim"]
        cache = EmbeddingCache(project.embeddings, manifest.parent.name, dim)
        embedded[manifest.parent.name] = len(ids) - len(cache.missing(ids))
    return {
        "pool": str(project.source.location),
        "project": str(project.folder),
        "bytes": sum(file.stat().st_size for file in project.folder.rglob("*") if file.is_file()),
        "samples": len(ids),
        "unreadable": dict(store.samples.problems()),
        "labels": kinds["label"],
        "skipped": kinds["skip"],
        "unsure": kinds["unsure"],
        "per_class": {name: labels[class_id] for class_id, name in names.items()},
        "rounds": len(store.rounds.all()),
        "embedded": embedded,
    }
