"""Tests for labeling.embedding.feed."""

import threading
from pathlib import Path

import numpy as np

from labeling.embedding.feed import embed_samples
from labeling.media.image import load_image
from labeling.pool.scan import scan
from labeling.project.project import open_project
from labeling.store.samples import FileRecord
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import Backbone
from tests.conftest import fill


def test_each_sample_is_embedded_as_it_looks_and_a_changed_file_is_left_out(
    tmp_path: Path, backbone: Backbone
) -> None:
    project = open_project(fill(tmp_path / "images", 40), tmp_path / "p")
    files = {found.sample_id or "": found.path for found in scan(project.source, {})}
    for key, path in files.items():
        project.store.samples.add([FileRecord(path, key, 1, 1)])
    (tmp_path / "images" / "img7.png").write_bytes(b"no image any more")
    left_out: dict[str, str] = {}
    with EmbeddingCache(tmp_path / "embeddings", backbone.fingerprint, backbone.dim) as cache:
        embed_samples(
            project, backbone, cache, project.store.samples.ids(), workers=2,
            progress=lambda progress: None, stop=threading.Event(),
            left_out=left_out.__setitem__, waits=lambda: None,
        )  # fmt: skip
        whole = [key for key in files if key not in left_out]
        rows = cache.matrix()[cache.rows(whole)]
    data = [project.source.read(files[key]) for key in whole]
    expected = backbone.embed([load_image(one, "a", backbone.framing.least) for one in data])
    project.close()
    assert [files[key] for key in left_out] == ["img7.png"]
    assert "changed after it was scanned" in next(iter(left_out.values()))
    assert len(rows) == 39
    np.testing.assert_allclose(rows, expected, atol=0.02)
