"""Damage in a project, and how to repair it."""

import json

import numpy as np

from labeling.project.project import Project
from labeling.store.backups import offered_backup
from labeling.store.copies import database_problems
from models.embeddings.cache import CacheMismatchError, EmbeddingCache


def problems(project: Project) -> list[str]:
    """The damage in a project, in words, each with its repair if one is known."""
    found = database_problems(project.store)
    if found:
        offered = offered_backup(project.folder)
        return [*found, f"{offered}, or export what is readable with “export --history”"]
    return _head_problems(project) + _embedding_problems(project)


def _head_problems(project: Project) -> list[str]:
    from models.head.head_file import DamagedHeadError, load_head

    found = []
    for record in project.store.rounds.all():
        try:
            load_head(project.heads / record.head)
        except (OSError, DamagedHeadError) as error:
            found.append(f"round {record.id} cannot be restored: {error}")
    return found


def _embedding_problems(project: Project) -> list[str]:
    """Embeddings that differ from their manifest."""
    found = []
    for manifest in sorted(project.embeddings.glob("*/manifest.json")):
        name = manifest.parent.name
        try:
            dim = int(json.loads(manifest.read_text(encoding="utf-8"))["dim"])
            cache = EmbeddingCache(project.embeddings, name, dim)
        except (OSError, ValueError, KeyError, TypeError, CacheMismatchError) as error:
            found.append(f"the embeddings of {name} cannot be read ({error}); delete their folder")
            continue
        if cache.warning:
            found.append(cache.warning)
        if len(cache) and not np.isfinite(cache.matrix()).all():
            found.append(f"the embeddings of {name} contain NaN or infinity; delete their folder")
    return found
