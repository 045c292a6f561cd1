"""A large synthetic pool: a project, its samples and their embeddings, without any image."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa
import torch

from labeling.embedding.ingest import IngestState
from labeling.loop.session import Session
from labeling.paths import DATABASE
from labeling.project.project import open_project
from labeling.store import NewAnswer
from labeling.store.sql.schema import FILES, SAMPLES
from models.embeddings.cache import EmbeddingCache

CLUSTERS = 100
SPREAD = 0.15  # of cluster centres, relative to a cluster's own: neighbours overlap a little
ROWS_AT_ONCE = 20_000
FINGERPRINT = "synthetic"


def make_pool(folder: Path, rows: int, width: int, seed: int) -> None:
    """Create embeddings of samples that do not exist, in clusters, and list them in a database."""
    (folder / "pool").mkdir(parents=True)
    (folder / "pool" / "none.png").touch()  # a pool without any file is refused
    open_project(folder / "pool", folder / "template").close()  # makes the tables
    generator = torch.Generator().manual_seed(seed)
    centers = SPREAD * torch.randn(CLUSTERS, width, generator=generator)
    clusters = torch.randint(CLUSTERS, (rows,), generator=generator)
    ids = [hashlib.sha256(str(row).encode()).hexdigest() for row in range(rows)]
    with EmbeddingCache(folder / "embeddings", FINGERPRINT, width) as cache:
        for begin in range(0, rows, ROWS_AT_ONCE):
            part = clusters[begin : begin + ROWS_AT_ONCE]
            block = torch.randn(len(part), width, generator=generator) + centers[part]
            cache.append(ids[begin : begin + len(part)], block.numpy())
    np.save(folder / "clusters.npy", clusters.numpy().astype(np.uint8))
    _list(folder / "template" / DATABASE, ids)


class BigPool:
    """The result of `make_pool`; class of a sample = its cluster modulo K."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self.cache = EmbeddingCache(folder / "embeddings", FINGERPRINT, width)
        self.clusters = np.load(folder / "clusters.npy")

    @contextmanager
    def session(self, k: int, device: str) -> Iterator[Session]:
        """A session on a copy of the database with K classes, in the state after embedding."""
        place = self._folder / f"classes-{k}"
        place.mkdir()
        shutil.copy2(self._folder / "template" / DATABASE, place)
        project = open_project(self._folder / "pool", place)
        for number in range(k):
            project.store.classes.create(f"class {number}")
        session = Session(project)
        session.ingest.cache = self.cache
        session.ingest.device = device
        session.ingest.state = IngestState(stage="done")
        session.peers.win()
        try:
            yield session
        finally:
            session.close()
            shutil.rmtree(place)

    def truth(self, session: Session, sample_id: str) -> NewAnswer:
        """The answer of a person who knows the class."""
        row = int(self.cache.rows([sample_id])[0])
        classes = session.store.classes.all()
        class_id = classes[int(self.clusters[row]) % len(classes)].id
        return NewAnswer(f"answer-{sample_id}", sample_id, "label", class_id)


def _list(database: Path, ids: list[str]) -> None:
    """Write the samples directly into the tables, because the store would check each."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(database)))
    with engine.begin() as connection:
        # Not with SQLAlchemy's statements, which take three times as long for a million rows.
        connection.exec_driver_sql(
            f"INSERT INTO {SAMPLES.name} (id, position, kind) VALUES (?, ?, 'image')",
            [(key, place) for place, key in enumerate(ids)],
        )
        connection.exec_driver_sql(
            f"INSERT INTO {FILES.name} (path, sample_id, size) VALUES (?, ?, 1)",
            [(f"{place}.png", key) for place, key in enumerate(ids)],
        )
    engine.dispose()
