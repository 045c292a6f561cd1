"""Bringing a pool in: what is found, what is left out by name, what is imported, and resuming."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from labeling.embedding import idle
from labeling.embedding.ingest import READY, Ingest, IngestState
from labeling.loop.session import Session
from labeling.pool.opening import open_source
from labeling.project.project import Project, open_project
from labeling.store import NewAnswer, Store
from models.encoders import backbones
from models.encoders.backbones import Backbone
from models.encoders.preprocess import Framing
from tests.conftest import fill, picture, standing


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / "images", 6)


@pytest.fixture
def ingest(tmp_path: Path, backbone: Backbone) -> Iterator[Any]:
    """Ingests a pool into the project `p` and gives both; may be called again."""
    opened: list[tuple[Project, Ingest]] = []

    def run(pool: Path, **settings: object) -> tuple[Project, Ingest]:
        project = open_project(pool, tmp_path / "p")
        project.change(**settings)
        worker = Ingest(project, lambda: None, backbone)
        opened.append((project, worker))
        worker.run()
        worker.stop()
        return project, worker

    yield run
    for project, _ in opened:
        project.close()


def labels_of(project: Project) -> dict[str, str]:
    """Class names by path, from the imported answers that stand."""
    names = project.store.classes.names()
    samples = project.store.samples.many()
    return {
        samples[key].paths[0]: names[answer.class_id]
        for key, answer in standing(project.store).items()
        if answer.class_id is not None
    }


def test_every_image_is_embedded_and_the_state_says_how_far(images: Path, ingest: Any) -> None:
    project, worker = ingest(images)
    assert worker.state.error is None
    assert (worker.state.stage, worker.state.done, worker.state.total) == ("done", 6, 6)
    ids = project.store.samples.ids()
    assert (worker.cache.rows(ids) >= 0).all()
    assert worker.state.backbone and worker.state.why


def test_identical_files_are_embedded_once(images: Path, ingest: Any) -> None:
    shutil.copy(images / "img0.png", images / "again.png")
    project, worker = ingest(images)
    assert len(worker.cache) == 6
    key = hashlib.sha256((images / "img0.png").read_bytes()).hexdigest()
    assert project.store.samples.get(key).paths == ("again.png", "img0.png")


def test_what_cannot_be_read_is_listed_by_name_and_the_rest_goes_on(
    images: Path, ingest: Any
) -> None:
    buffer = io.BytesIO()
    picture(50, 300).save(buffer, "JPEG")
    (images / "cut.jpg").write_bytes(buffer.getvalue()[:2000])
    (images / "text.jpg").write_text("hello")
    project, worker = ingest(images)
    assert worker.state.error is None
    problems = dict(project.store.samples.problems())
    assert set(problems) == {"cut.jpg", "text.jpg"}
    assert "cut.jpg: it is damaged" in problems["cut.jpg"]
    assert len(worker.cache) == len(project.store.samples.ids()) == 6
    assert (worker.state.stage, worker.state.done, worker.state.total) == ("done", 6, 6)


def test_a_mended_file_is_taken_in_at_the_next_start(images: Path, ingest: Any) -> None:
    (images / "text.jpg").write_text("hello")
    project, _ = ingest(images)
    assert len(project.store.samples.ids()) == 6
    picture(70).save(images / "text.jpg")
    project, _ = ingest(images)
    assert len(project.store.samples.ids()) == 7
    assert project.store.samples.problems() == []


def test_a_file_that_vanished_leaves_the_pool_and_its_answer_stays(
    images: Path, ingest: Any
) -> None:
    project, _ = ingest(images)
    key = hashlib.sha256((images / "img0.png").read_bytes()).hexdigest()
    cat = project.store.classes.create("cat").id
    project.store.answers.append("ann", [NewAnswer("c", key, "label", cat)])
    data = (images / "img0.png").read_bytes()
    (images / "img0.png").unlink()
    project, _ = ingest(images)
    assert key not in project.store.samples.ids()
    assert standing(project.store)[key].class_id == cat
    (images / "other name.png").write_bytes(data)
    project, _ = ingest(images)
    assert key in project.store.samples.ids()


def test_a_file_that_changed_between_runs_is_another_sample(images: Path, ingest: Any) -> None:
    project, _ = ingest(images)
    before = set(project.store.samples.ids())
    picture(99).save(images / "img0.png")
    project, worker = ingest(images)
    after = set(project.store.samples.ids())
    assert len(before - after) == len(after - before) == 1
    assert len(worker.cache) == 7


def test_a_file_that_changes_between_scan_and_embedding_is_not_embedded_under_its_old_id(
    images: Path, tmp_path: Path, backbone: Backbone
) -> None:
    project = open_project(images, tmp_path / "p")
    swapped = []

    def arrived() -> None:
        if not swapped:  # all files are scanned, none is embedded
            picture(99).save(images / "img0.png")
            (images / "img1.png").unlink()
            swapped.append(1)

    worker = Ingest(project, arrived, backbone)
    worker.run()
    worker.stop()
    problems = dict(project.store.samples.problems())
    project.close()
    assert worker.cache is not None and len(worker.cache) == 4
    assert "it was changed after it was scanned; open the project again" in problems["img0.png"]
    assert "cannot be opened" in problems["img1.png"]


def test_a_second_start_embeds_nothing_again(
    images: Path, ingest: Any, tmp_path: Path, backbone: Backbone
) -> None:
    project, _ = ingest(images)

    class Refusing(Framing):
        def __call__(self, image: object) -> NoReturn:
            raise AssertionError("embedded again")

    refusing = replace(backbone, framing=Refusing(**asdict(backbone.framing)))
    worker = Ingest(project, lambda: None, refusing)
    worker.run()
    worker.stop()
    assert (worker.state.stage, worker.state.done) == ("done", 6)
    assert project.store.samples.problems() == []


def test_a_start_that_finds_nothing_new_makes_nobody_read_the_pool_again(
    images: Path, ingest: Any
) -> None:
    other, _ = ingest(images)  # as in a process that has the project open, too
    before = other.store.pulse().pool
    _, again = ingest(images)
    assert (again.pool_version, other.store.pulse().pool) == (0, before)
    picture(99).save(images / "new.png")
    _, grown = ingest(images)
    assert grown.pool_version > 0
    assert other.store.pulse().pool != before


def test_a_stopped_ingest_goes_on_where_it_was(tmp_path: Path, backbone: Backbone) -> None:
    project = open_project(fill(tmp_path / "images", 100), tmp_path / "p")
    worker: Ingest

    def arrived() -> None:
        if worker.cache is not None and len(worker.cache):
            worker.cancel()

    worker = Ingest(project, arrived, backbone)
    worker.run()
    worker.stop()
    assert worker.cache is not None
    assert 0 < len(worker.cache) < 100
    assert worker.state.stage == "embedding"
    again = Ingest(project, lambda: None, backbone)
    again.run()
    again.stop()
    assert again.cache is not None and len(again.cache) == 100
    project.close()


def test_class_folders_become_imported_answers_only_if_asked_for(
    tmp_path: Path, ingest: Any
) -> None:
    fill(tmp_path / "images" / "cat", 2)
    fill(tmp_path / "images" / "dog", 1, first=2)
    fill(tmp_path / "images", 1, first=3)
    project, _ = ingest(tmp_path / "images")
    assert project.store.answers.all() == []
    project, _ = ingest(tmp_path / "images", pool_labels=True)
    assert labels_of(project) == {
        "cat/img0.png": "cat",
        "cat/img1.png": "cat",
        "dog/img2.png": "dog",
    }
    answer = project.store.answers.all()[0]
    assert (answer.source, answer.annotator, answer.shown) == ("imported", "import", False)


def test_new_files_and_labels_asked_for_are_taken_in_while_it_is_open(
    tmp_path: Path, ingest: Any
) -> None:
    fill(tmp_path / "images" / "cat", 2)
    fill(tmp_path / "images" / "dog", 1, first=2)
    project, worker = ingest(tmp_path / "images")
    assert worker.found == {"cat": 2, "dog": 1} and labels_of(project) == {}
    assert (worker.state.labels_found, worker.state.classes_found) == (3, 2)
    before = worker.pool_version
    fill(tmp_path / "images" / "dog", 1, first=3)
    (tmp_path / "images" / "cat" / "img0.png").unlink()
    project.change(pool_labels=True)
    worker.again()
    worker.wait()
    assert worker.state.stage == "done" and worker.pool_version > before
    assert worker.state.labels_found == 0  # it is decided
    assert labels_of(project) == {
        "cat/img1.png": "cat",
        "dog/img2.png": "dog",
        "dog/img3.png": "dog",
    }
    assert not worker.cache.missing(project.store.samples.ids())


def test_who_asks_for_new_images_while_it_is_at_work_gets_them_afterwards(
    images: Path, tmp_path: Path, backbone: Backbone
) -> None:
    project = open_project(images, tmp_path / "p")
    scanned, asked = threading.Event(), threading.Event()

    def arrived() -> None:
        scanned.set()
        asked.wait(60)

    worker = Ingest(project, arrived, backbone)
    worker.start()
    assert scanned.wait(60)  # the files that were there are listed
    fill(images, 1, first=30)
    worker.again()
    asked.set()
    worker.wait()
    assert worker.state.stage == "done"
    assert "img30.png" in project.store.samples.files()
    assert not worker.cache.missing(project.store.samples.ids())
    worker.again()  # it starts anew after its end, too
    worker.wait()
    assert worker.state.stage == "done"
    worker.stop()
    project.close()


def test_a_single_folder_is_no_set_of_classes(tmp_path: Path, ingest: Any) -> None:
    fill(tmp_path / "images" / "all", 2)
    _, worker = ingest(tmp_path / "images")
    assert worker.found == {"all": 2} and worker.state.labels_found == 0


def test_a_manifests_labels_wait_until_somebody_wants_them(images: Path, ingest: Any) -> None:
    (images / "list.csv").write_text("path,label\nimg0.png,cat\nimg1.png,cat\nimg2.png,\n")
    project, worker = ingest(images / "list.csv")
    assert labels_of(project) == {}
    assert (worker.state.labels_found, worker.state.classes_found) == (2, 1)
    project, worker = ingest(images / "list.csv", pool_labels=False)
    assert labels_of(project) == {} and worker.state.labels_found == 0


def test_a_project_from_before_it_was_asked_goes_on_with_the_labels_of_its_manifest(
    images: Path, ingest: Any
) -> None:
    (images / "list.csv").write_text("path,label\nimg0.png,cat\nimg1.png,\n")
    project, _ = ingest(images / "list.csv", pool_labels=True)
    project.store.set("settings", {"labels_from_folders": False})
    (images / "list.csv").write_text("path,label\nimg0.png,cat\nimg1.png,dog\n")
    project, worker = ingest(images / "list.csv")
    assert labels_of(project) == {"img0.png": "cat", "img1.png": "dog"}
    assert worker.state.labels_found == 0


def test_a_manifests_labels_are_imported_once(images: Path, ingest: Any) -> None:
    (images / "list.csv").write_text("path,label\nimg0.png,cat\nimg1.png,Cat\nimg2.png,\n")
    for _ in range(2):
        project, _ = ingest(images / "list.csv", pool_labels=True)
        assert labels_of(project) == {"img0.png": "cat", "img1.png": "cat"}
        assert len(project.store.answers.all()) == 2


def test_what_a_person_undid_renamed_or_archived_is_not_imported_again(
    images: Path, ingest: Any
) -> None:
    (images / "list.csv").write_text("path,label\nimg0.png,cat\nimg1.png,dog\nimg2.png,fox\n")
    project, _ = ingest(images / "list.csv", pool_labels=True)
    classes = {one.name: one.id for one in project.store.classes.all()}
    first = project.store.answers.all()[0]
    project.store.answers.append(
        "ann", [NewAnswer("u", first.sample_id, "undo", undoes=first.client_id)]
    )
    project.store.classes.rename(classes["dog"], "hound")
    project.store.classes.archive(classes["fox"])
    project, _ = ingest(images / "list.csv", pool_labels=True)
    assert sorted(one.name for one in project.store.classes.all()) == ["cat", "hound"]
    assert "img0.png" not in labels_of(project)


def test_a_label_that_cannot_be_a_class_is_named_and_its_image_stays(
    images: Path, ingest: Any
) -> None:
    (images / "list.csv").write_text(f"path,label\nimg0.png,cat\nimg1.png,{'x' * 81}\n")
    project, worker = ingest(images / "list.csv", pool_labels=True)
    assert worker.state.error is None
    assert len(project.store.samples.ids()) == 2
    ((path, reason),) = project.store.samples.problems()
    assert path == "img1.png"
    assert "its label is left out" in reason and "use at most 80" in reason


def test_a_new_project_takes_the_default_once_and_says_why(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_DEVICE", "cpu")
    for start in range(2):
        project = open_project(images, tmp_path / "p")
        worker = Ingest(project, lambda: None)
        worker.run()
        worker.stop()
        assert worker.state.error is None and worker.state.done == 6
        assert project.settings().backbone == "bundled"  # the hub is switched off in tests
        if start == 0:
            assert worker.state.why.startswith("mobilenetv4_conv_small is the default for a CPU")
            assert "switched off" in worker.state.why and "using the bundled" in worker.state.why
        else:
            assert "mobilenetv4" not in worker.state.why
        project.close()


def test_a_project_with_embeddings_keeps_its_backbone_whatever_the_default(
    images: Path, ingest: Any, tmp_path: Path
) -> None:
    ingest(images)
    project = open_project(images, tmp_path / "p")
    worker = Ingest(project, lambda: None)
    worker.run()
    worker.stop()
    assert worker.state.why.endswith("the bundled pretrained model, which needs no network")
    assert project.settings().backbone is None
    project.close()


def test_an_unknown_backbone_ends_in_a_state_that_names_it(images: Path, tmp_path: Path) -> None:
    project = open_project(images, tmp_path / "p")
    project.change(backbone="resnet_of_nobody")
    worker = Ingest(project, lambda: None)
    worker.run()
    worker.stop()
    assert worker.state.stage == "failed"
    assert "resnet_of_nobody" in str(worker.state.error)
    assert len(project.store.samples.ids()) == 6  # labeling goes on without a model
    project.close()


def test_a_pool_that_vanishes_while_it_is_open_is_no_crash(images: Path, ingest: Any) -> None:
    project, _ = ingest(images)
    shutil.rmtree(images)
    worker = Ingest(project, lambda: None)
    worker.scan_pool()
    assert project.store.samples.ids() == []
    assert len(project.store.samples.many()) == 6


@pytest.mark.parametrize("screen", ["label", "grid"])
def test_the_first_screen_does_not_wait_for_the_backbone(
    images: Path, tmp_path: Path, screen: str
) -> None:
    session = Session(open_project(images, tmp_path / "patient"))
    session.start(patience=60.0)
    while session.ingest.state.stage == "scanning":
        time.sleep(0.01)
    time.sleep(0.3)  # it would have begun by now
    assert session.ingest.state.stage == "loading" and session.ingest.cache is None
    if screen == "label":
        assert len(session.queue.next("tab", 2)) == 2  # a person has the first images
    else:
        assert session.queue.page("tab", 1, 2) == []  # nothing to wait for before there is a model
    session.ingest.wait(60.0)
    assert session.ingest.state.stage == "done"
    session.close()


# In a process of its own, as these tests have torch. It ends when torch is asked for, so that
# nobody waits for all of it.
COME_BACK = """
import os, sys, time
from labeling.project.project import open_project
from labeling.loop.session import Session
class Torch:
    def find_spec(self, name, *_):
        if name == "torch":
            print("torch", flush=True)
            os._exit(0)
sys.meta_path.insert(0, Torch())
session = Session(open_project(sys.argv[1], sys.argv[2]))
session.start(patience=60.0)
time.sleep(0.5)
print("looks", flush=True)
session.ingest.look()
time.sleep(60.0)
"""


def test_torch_is_not_loaded_before_anybody_comes_back(
    images: Path, ingest: Any, tmp_path: Path
) -> None:
    ingest(images)
    found = subprocess.run(
        [sys.executable, "-c", COME_BACK, str(images), str(tmp_path / "p")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.stdout.split() == ["looks", "torch"], found.stderr


def start_again(images: Path, folder: Path) -> Session:
    """A session in the background over what was embedded before, with somebody who looks."""
    session = Session(open_project(images, folder))
    session.ingest.look()
    session.start()
    return session


def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The names of the backbones that are loaded from here on."""
    names: list[str | None] = []
    load = backbones.resolve

    def note(name: str | None = None, **more: Any) -> Backbone:
        names.append(name)
        return load(name, **more)

    monkeypatch.setattr(backbones, "resolve", note)
    return names


def test_after_a_restart_the_model_learns_and_no_backbone_is_loaded_if_nothing_is_new(
    images: Path, ingest: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(images)
    monkeypatch.setattr(idle, "QUIET", 0.1)
    loaded = resolved(monkeypatch)
    session = start_again(images, tmp_path / "p")
    while session.round is None:
        session.ingest.look()
        time.sleep(0.01)
    assert len(session.round.table) == 6
    session.ingest.wait(60.0)  # nobody looks any more
    picture(99).save(images / "new.png")
    session.ingest.again()
    session.ingest.wait(60.0)
    session.ingest.again()
    session.ingest.wait(60.0)
    state = session.ingest.state
    assert (state.stage, state.done, state.why, loaded) == ("done", 7, READY, [None])
    session.close()


@pytest.mark.parametrize("touched", ["model.safetensors", "config.json"])
def test_other_weights_than_at_the_last_start_are_loaded_and_embed_anew(
    touched: str, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "QUIET", 0.1)
    (bundled,) = backbones.WEIGHTS_DIR.glob("hone_mobilenet*/config.json")
    weights = shutil.copytree(bundled.parent, tmp_path / "weights")
    project = open_project(images, tmp_path / "p")
    project.change(backbone=str(weights))
    worker = Ingest(project, lambda: None)
    worker.run()
    worker.stop()
    project.close()
    loaded = resolved(monkeypatch)
    before = (weights / touched).stat()
    os.utime(weights / touched, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    if touched == "config.json":
        config = json.loads((weights / touched).read_text())
        config["pretrained_cfg"]["mean"] = [0.4, 0.4, 0.4]
        (weights / touched).write_text(json.dumps(config))
    session = start_again(images, tmp_path / "p")
    session.ingest.wait(60.0)
    assert worker.cache is not None and session.ingest.cache is not None
    assert (session.ingest.state.stage, loaded) == ("done", [str(weights)])
    same = worker.cache.fingerprint == session.ingest.cache.fingerprint
    assert same is (touched == "model.safetensors")  # whose bytes are what they were
    assert len(session.ingest.cache) == 6
    session.close()


def test_a_backbone_chosen_while_nobody_has_looked_yet_is_the_one_that_is_used(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundled,) = backbones.WEIGHTS_DIR.glob("hone_mobilenet*/config.json")
    weights = shutil.copytree(bundled.parent, tmp_path / "weights")
    project = open_project(images, tmp_path / "p")
    loaded = resolved(monkeypatch)
    session = Session(project)
    session.start(patience=600.0)
    while session.ingest.state.stage != "loading":
        time.sleep(0.01)
    project.change(backbone=str(weights))
    session.ingest.look()
    session.ingest.wait(60.0)
    assert (session.ingest.state.stage, loaded) == ("done", [str(weights)])
    session.close()


def test_a_start_without_the_chosen_weights_looks_for_them_at_the_next(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(images, tmp_path / "p")
    project.change(backbone="efficientnet_b0")
    monkeypatch.setattr(backbones, "download", lambda *_, **__: "the hub cannot be reached")
    monkeypatch.setattr(backbones, "cached", lambda _: None)
    worker = Ingest(project, lambda: None)
    worker.run()
    worker.stop()
    project.close()
    monkeypatch.setattr(idle, "QUIET", 0.1)
    loaded = resolved(monkeypatch)
    session = start_again(images, tmp_path / "p")
    session.ingest.wait(60.0)
    assert loaded == ["efficientnet_b0"]
    session.close()


def test_after_a_restart_the_model_learns_before_a_new_image_is_looked_for(
    images: Path, ingest: Any, tmp_path: Path
) -> None:
    ingest(images)
    picture(99).save(images / "new.png")
    session = start_again(images, tmp_path / "p")
    while session.round is None:
        session.ingest.look()
        time.sleep(0.01)
    assert (session.store.samples.count(), session.ingest.state.why) == (6, READY)
    session.ingest.wait(60.0)  # nobody looks any more
    assert (session.store.samples.count(), session.ingest.state.done) == (7, 7)
    assert session.ingest.state.why != READY
    session.close()


def test_an_ingest_that_nobody_looks_at_can_be_stopped(images: Path, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    session = Session(open_project(images, tmp_path / "unseen"))
    session.start(patience=600.0)
    (thread,) = {one for one in threading.enumerate() if one.name == "ingest"} - before
    session.close()
    assert not thread.is_alive()


def test_a_zero_in_a_manifest_leaves_out_that_line_alone_in_either_database(
    store: Store, images: Path, tmp_path: Path
) -> None:
    """PostgreSQL stores no such text, so that one line would have kept the whole pool out."""
    (images / "m.csv").write_bytes(b"path,label\nimg0.png,c\0t\nb\0.png,x\nimg1.png,cat\n")
    project = Project(tmp_path / "p", open_source(images / "m.csv"), store)
    project.change(pool_labels=True)
    Ingest(project, lambda: None).scan_pool()
    files = project.store.samples.files()
    assert "control characters" in (files["img0.png"].problem or "")
    assert "No such file" in (files["b\N{REPLACEMENT CHARACTER}.png"].problem or "")
    assert [one.name for one in store.classes.all()] == ["cat"] and len(files) == 3


def test_the_api_tells_what_time_is_left_only_while_it_is_known() -> None:
    state = IngestState(stage="embedding", done=3, total=9, rate=2.0)
    told = [
        msgspec.to_builtins(one)["seconds_left"]
        for one in (state, replace(state, done=9), replace(state, stage="done"), IngestState())
    ]
    assert told == [3.0, 0.0, None, None]
