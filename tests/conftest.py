"""Small pools of generated images, and projects over them, shared by the tests."""

import colorsys
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # read on import: no test asks a hub but its own

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from labeling.loop.session import Session
from labeling.project.project import Project, open_project
from labeling.store import Answer, NewAnswer, Store
from labeling.store.samples import FileRecord
from labeling.store.sql.engines import postgres_engine
from labeling.store.sql.schema import IDENTITY, METADATA, REVISIONS
from models.encoders.backbones import Backbone, resolve
from tests.postgres import Cluster, start_or_skip

POOL_SIZE = 40
torch.set_num_threads(1)


def picture(number: int, side: int = 32) -> Image.Image:
    """A picture unlike any other: even numbers are warm discs, odd ones cold stripes."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:side, 0:side] / side
    shape = (
        (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1 if number % 2 == 0 else np.sin(25 * (x + y * 0.3)) > 0
    )
    hue = (0.0 if number % 2 == 0 else 0.55) + 0.1 * rng.random()
    color = np.array(colorsys.hsv_to_rgb(hue, 0.9, 0.9)) * 255
    pixels = np.where(shape[..., None], color, 235) + rng.normal(0, 6, (side, side, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def fill(folder: Path, count: int, first: int = 0) -> Path:
    """Write `count` PNG pictures into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        picture(number).save(folder / f"img{number}.png")
    return folder


@contextmanager
def no_files_left() -> Iterator[None]:
    """No file can be opened, as in a process with too many connections."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def contents(file: Path) -> list[bytes]:
    """What stands in a file, or in each file of a zip."""
    if not zipfile.is_zipfile(file):
        return [file.read_bytes()]
    with zipfile.ZipFile(file) as archive:
        return [archive.read(name) for name in archive.namelist()]


def add_samples(store: Store, count: int) -> list[str]:
    """Put samples into a store without files on disk; their ids."""
    ids = [f"{number:064x}" for number in range(1, count + 1)]
    store.samples.add([FileRecord(f"{key[-4:]}.png", key, 1, 1) for key in ids])
    return ids


def standing(store: Store) -> dict[str, Answer]:
    """The latest standing answer of each sample, by any person."""
    return {answer.sample_id: answer for answer in store.answers.standing()}


def label(sample_id: str, class_id: int, client_id: str | None = None) -> NewAnswer:
    """A label as the board would send it."""
    return NewAnswer(client_id or f"c-{sample_id}-{class_id}", sample_id, "label", class_id)


def decision(sample_id: str, class_id: int, client_id: str | None = None) -> NewAnswer:
    """A reviewer's decision as the board would send it."""
    return replace(label(sample_id, class_id, client_id), source="adjudicated")


def noise(network: nn.Module) -> None:
    """Give every batch norm weights and statistics that a mistake in copying would show."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.6)
            nn.init.uniform_(module.bias, -0.3, 0.6)
            mean, variance = module.running_mean, module.running_var
            assert isinstance(mean, torch.Tensor) and isinstance(variance, torch.Tensor)
            nn.init.uniform_(mean, -0.2, 0.2)
            nn.init.uniform_(variance, 0.5, 1.5)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes into the person's own projects."""
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HONE_POOL", raising=False)
    monkeypatch.delenv("HONE_PROJECT", raising=False)
    monkeypatch.delenv("HONE_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private PostgreSQL server, started once."""
    started = start_or_skip()
    yield started
    started.remove()


@pytest.fixture
def mortal(cluster: Cluster) -> Iterator[Cluster]:
    """The same server, for a test that may end it.

    That it is not durable makes no difference: the machine goes on, and writes what it was given.
    """
    yield cluster
    cluster.start()


@pytest.fixture(scope="session")
def emptied(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """Empties one schema, which is cheaper than to make one for each test, and gives its name."""
    schema = "hone_tests"
    Store(Path("unused"), cluster.url, schema).close()
    engine = postgres_engine(cluster.url, schema)

    def empty() -> str:
        kept = (REVISIONS, IDENTITY)  # whose rows are made with the tables
        tables = ", ".join(table.name for table in METADATA.sorted_tables if table not in kept)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
            connection.exec_driver_sql("UPDATE revisions SET value = 0")
        engine.dispose()  # the next test may end the server
        return schema

    yield empty
    engine.dispose()


OpenStore = Callable[[], Store]


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without rows, which is cheaper to copy than to make."""
    file = tmp_path_factory.mktemp("blank") / "hone.sqlite"
    Store(file).close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def open_store(tmp_path: Path, blank: Path, request: pytest.FixtureRequest) -> Iterator[OpenStore]:
    """Opens one store of either database; twice means another process, or a restart."""
    opened: list[Store] = []
    url, schema = None, ""
    shutil.copy(blank, tmp_path / "hone.sqlite")
    if request.param == "postgresql":
        schema = request.getfixturevalue("emptied")()
        url = request.getfixturevalue("cluster").url

    def open_one() -> Store:
        opened.append(Store(tmp_path / "hone.sqlite", url, schema))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    """The bundled backbone, loaded once."""
    return resolve(device="cpu")


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of two kinds; tests must not change it."""
    return fill(tmp_path_factory.mktemp("shared") / "pool", POOL_SIZE)


@pytest.fixture(scope="session")
def embedded(
    tmp_path_factory: pytest.TempPathFactory, pool: Path, backbone: Backbone
) -> tuple[Path, str]:
    """(embedding folder of the pool's project, its fingerprint), made once and copied by tests."""
    session = Session(open_project(pool, tmp_path_factory.mktemp("embedded") / "p"), backbone)
    session.prepare()
    session.close()
    return session.project.embeddings, backbone.fingerprint


OpenSession = Callable[..., Session]


@pytest.fixture
def open_session(
    tmp_path: Path, pool: Path, embedded: tuple[Path, str], backbone: Backbone
) -> Iterator[OpenSession]:
    """Opens a prepared session on the shared pool; twice on the same folder means a restart."""
    opened: list[Session] = []

    def prepared(folder: Path | None = None, **settings: object) -> Session:
        place = folder or tmp_path / "project"
        if not place.exists():
            # A database of PostgreSQL does not belong to the folder, and cannot be copied with it.
            copied = "embeddings" if "HONE_DATABASE_URL" in os.environ else "."
            shutil.copytree(embedded[0].parent / copied, place / copied)
        project: Project = open_project(pool, place)
        project.change(**settings)
        session = Session(project, backbone)
        opened.append(session)
        session.prepare()
        return session

    yield prepared
    for session in opened:
        session.close()
