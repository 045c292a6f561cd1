"""Tests for labeling.embedding.feed."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labeling.embedding import feed
from labeling.embedding.feed import embed_samples
from labeling.pool.scan import scan
from labeling.project.project import open_project
from labeling.store.samples import FileRecord
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import Backbone
from tests.conftest import fill


def test_processes_and_threads_give_the_same_rows_and_tell_the_same_problems(
    tmp_path: Path, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(fill(tmp_path / "images", 40), tmp_path / "p")
    for found in scan(project.source, {}):
        project.store.samples.add([FileRecord(found.path, found.sample_id, found.size, 1)])
    (tmp_path / "images" / "img7.png").write_bytes(b"no image any more")
    order: Sequence[str] = project.store.samples.ids()
    seen: list[Any] = []
    for many in (1000, 10):
        monkeypatch.setattr(feed, "MANY", many)
        left_out: dict[str, str] = {}
        folder = tmp_path / f"embeddings-{many}"
        with EmbeddingCache(folder, backbone.fingerprint, backbone.dim) as cache:
            embed_samples(
                project, backbone, cache, order, workers=2, progress=lambda progress: None,
                stop=threading.Event(), left_out=left_out.__setitem__, waits=lambda: None,
            )  # fmt: skip
            seen.append((left_out, cache.matrix().copy()))
    project.close()
    (threads_problems, threads_rows), (problems, rows) = seen
    assert problems == threads_problems and len(problems) == 1
    assert "changed after it was scanned" in next(iter(problems.values()))
    assert len(rows) == 39
    np.testing.assert_array_equal(rows, threads_rows)
