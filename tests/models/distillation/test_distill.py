"""Tests of the distillation script and of the backbone it made."""

import csv
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import nn

from models.distillation import augment, distill, student, training
from models.distillation.recipe import DistillError, Recipe
from models.encoders import backbones
from tests.conftest import noise

TINY = Recipe(
    size=32, smallest=32, teacher_size=32, views=2, batch=6, rate=3e-3, minutes=None, epochs=1
)
WIDE, NARROW = "mobilenetv2_050", "mobilenetv2_035"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A dozen blurry images."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(12):
        grains = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
        grains.resize((40, 36), Image.Resampling.BILINEAR).save(folder / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A folder with a small random network, its last features made to vary."""
    folder = tmp_path_factory.mktemp("teacher")
    torch.manual_seed(0)
    network = timm.create_model(WIDE, num_classes=0)
    noise(network)
    config = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    student.export(network, student.config_of(network, WIDE, {}, 32, "test", config), folder)
    return f"local-dir:{folder}"


def run(photos, teacher, folder, recipe=TINY):
    return distill.distill(
        photos, teacher, NARROW, folder / "out", folder / "work", recipe, store=32, student_args={}
    )


def pictures(n=4, side=32):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_loss_is_nothing_at_equality_and_grows_with_the_error():
    features = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    target = training.Target(features.mean(0), torch.tensor(5.0), nn.Linear(5, 3))
    away = [target.loss(features + e * features.flip(0), features).item() for e in (0, 0.1, 0.5)]
    assert away[0] == pytest.approx(0, abs=1e-5)
    assert away[0] < away[1] < away[2]


def test_two_steps_lower_the_loss(photos, teacher, tmp_path):
    torch.manual_seed(0)
    network, _ = distill.load_teacher(teacher, "cpu")
    config = timm.data.resolve_model_data_config(network)
    pool = augment.read_images(photos, 32)
    boxes = augment.draw_boxes(len(pool), 1, np.random.default_rng(0))
    see = distill.encoder(network, config, "cpu")
    wanted = distill.teacher_features(see, pool, boxes, TINY, tmp_path, "cpu")
    both = student.start_student(network, NARROW, {}, [pictures()]).train()
    rows = torch.from_numpy(wanted[0].astype(np.float32))
    target = training.Target(rows.mean(0), rows.var(0).sum(), None)
    cut = augment.cut_views(torch.from_numpy(pool), torch.from_numpy(boxes[0]), 32)
    give = distill.encoder(both, config, "cpu")
    before = target.loss(give(cut), rows).item()
    training.Run(both, target, TINY, tmp_path).train(give, pool, boxes, wanted, "cpu")
    assert target.loss(give(cut), rows).item() < before


def test_a_killed_run_goes_on_and_ends_where_it_would_have(photos, teacher, tmp_path, monkeypatch):
    recipe = Recipe(**{**vars(TINY), "epochs": 2})
    whole = run(photos, teacher, tmp_path / "whole", recipe)
    update = training.Run.update

    def killed(self, given, wanted, progress):
        if self.step == 2:
            raise KeyboardInterrupt
        update(self, given, wanted, progress)
        self.save()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training.Run, "update", killed)
        run(photos, teacher, tmp_path / "killed", recipe)
    steps = []
    monkeypatch.setattr(
        training.Run, "update", lambda self, *a: (steps.append(self.step), update(self, *a))
    )
    assert run(photos, teacher, tmp_path / "killed", recipe) == whole
    assert steps == [2, 3]


def test_a_work_folder_of_other_arguments_is_refused(tmp_path):
    distill.prepare_work(tmp_path, {"size": 96})
    distill.prepare_work(tmp_path, {"size": 96})
    with pytest.raises(DistillError, match="other arguments"):
        distill.prepare_work(tmp_path, {"size": 128})


def test_a_student_of_another_family_and_width_gets_a_bridge(teacher, capsys):
    network, _ = distill.load_teacher(teacher, "cpu")
    both = student.start_student(network, "resnet10t", {}, [pictures()])
    assert both(pictures()).shape == (4, 1280)
    assert "random weights" in capsys.readouterr().out


# --- the bundled backbone ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled():
    return next(backbones.WEIGHTS_DIR.glob("hone_mobilenet*/config.json")).parent


def test_the_bundled_weights_are_at_most_four_megabytes(bundled):
    assert (bundled / "model.safetensors").stat().st_size <= 4_000_000


def test_the_bundled_weights_are_those_on_the_card(bundled):
    card = (bundled / "README.md").read_text(encoding="utf-8")
    sums = re.findall(r"\b[0-9a-f]{64}\b", card)
    assert sums == [hashlib.sha256((bundled / "model.safetensors").read_bytes()).hexdigest()]


def test_the_bundled_folder_loads_in_timm_and_gives_finite_features(bundled):
    network = timm.create_model(f"local-dir:{bundled}", pretrained=True, num_classes=0).eval()
    features = network(pictures(2, 64))
    assert features.shape == (2, network.num_features)
    assert torch.isfinite(features).all()
    assert features.std(0).mean() > 0.01


def test_the_bundled_backbone_is_frozen_when_it_is_loaded():
    backbone = backbones.resolve("bundled", device="cpu")
    assert not any(module.training for module in backbone.model.modules())
    assert not any(p.requires_grad for p in backbone.model.parameters())


def test_the_bundled_backbone_finds_neighbours_of_a_class_better_than_random_weights(
    bundled, tmp_path
):
    folder = Path(__file__).parents[3] / "sample_data" / "emoji"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::3]
    labels = np.array([row["label"] for row in rows])
    images = [Image.open(folder / row["path"]) for row in rows]
    backbone = backbones.resolve("bundled", device="cpu")
    trained = neighbour_accuracy(backbone.embed(images), labels)
    torch.manual_seed(0)
    config = json.loads((bundled / "config.json").read_text())
    blank = timm.create_model(config["architecture"], num_classes=0, **config["model_args"])
    student.export(blank.eval(), config, tmp_path / "blank")
    random = backbones.resolve(str(tmp_path / "blank"), device="cpu")
    assert trained > neighbour_accuracy(random.embed(images), labels) + 0.1


def neighbour_accuracy(embeddings, labels):
    """Share of samples whose nearest other sample is of their class."""
    centred = embeddings - embeddings.mean(0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    likeness = centred @ centred.T
    np.fill_diagonal(likeness, -np.inf)
    return (labels[likeness.argmax(1)] == labels).mean()
