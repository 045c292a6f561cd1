"""A session with 32 labels, two of them wrong, for tests of what is known of the model."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import NewAnswer
from models.encoders.backbones import Backbone

OpenSession = Callable[..., Session]


def kind(session: Session, sample_id: str) -> str:
    """The true class of one of the shared pool's pictures."""
    sample = session.store.samples.get(sample_id)
    assert sample is not None
    return "warm" if int(re.sub(r"\D", "", sample.paths[0])) % 2 == 0 else "cold"


@pytest.fixture(scope="session")
def mislabeled(
    tmp_path_factory: pytest.TempPathFactory,
    pool: Path,
    embedded: tuple[Path, str],
    backbone: Backbone,
) -> Path:
    """A project with 32 labels by weighted draws: the tenth and the twentieth are wrong."""
    folder = tmp_path_factory.mktemp("mislabeled") / "project"
    shutil.copytree(embedded[0], folder / "embeddings")
    project = open_project(pool, folder)
    project.change(query="power_margin", audit_share=0.2)
    session = Session(project, backbone)
    session.prepare()
    classes = {name: session.store.classes.ensure(name).id for name in ("cold", "warm")}
    for number in range(32):
        card = session.queue.next("tab", 1)[0]
        name = kind(session, card.sample_id)
        if number in (9, 19):
            name = "cold" if name == "warm" else "warm"
        answer = NewAnswer(f"a{number}", card.sample_id, "label", classes[name], seconds=1.0)
        assert session.answer("ann", [answer]) == {}
        session.worker.wait()  # how many are blind checks must not depend on the speed
    session.close()
    return folder


@pytest.fixture
def session(mislabeled: Path, tmp_path: Path, open_session: OpenSession) -> Session:
    """A session on a copy of that project."""
    folder = tmp_path / "project"
    shutil.copytree(mislabeled, folder)
    opened = open_session(folder)
    opened.worker.wait()
    return opened


def wrong(session: Session) -> set[str]:
    """The samples with a wrong label."""
    answers = session.store.answers.all()
    return {answers[9].sample_id, answers[19].sample_id}
