"""How good the bundled backbone's embeddings are, against pixels, random weights and its teacher.

    python -m benchmarks.backbone_quality [--runs 5] [--threads 2] [--shared ../shared]

Prints linear-probe accuracy with k labels per class, speed, and size on disk.
"""

import argparse
import csv
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from models import backbones, student

ROOT = Path(__file__).parents[1]
SEEDS = 5
BATCH = 64
Embed = Callable[[list[Image.Image]], NDArray[np.float32]]


@dataclass(frozen=True)
class Task:
    """Labeled images; `test` marks a given test set, or is None where each seed draws its own."""

    name: str
    images: list[Image.Image]
    labels: NDArray[np.str_]
    test: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Contestant:
    """A way to embed images, with the bytes it takes on disk."""

    name: str
    embed: Embed
    size: int
    backbone: backbones.Backbone | None = None


def sign_digits(archive: Path) -> Task:
    """Photos of hand signs, with the test folder they came with."""
    images, labels, test = [], [], []
    with zipfile.ZipFile(archive) as held:
        for name in sorted(n for n in held.namelist() if n.endswith(".jpg")):
            split, label, _ = name.split("/")
            images.append(Image.open(io.BytesIO(held.read(name))).convert("RGB"))
            labels.append(label)
            test.append(split == "test")
    return Task("sign-digits", images, np.array(labels), np.array(test))


def sample_data(folder: Path) -> Task:
    """The emoji that come with the project."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = [Image.open(folder / row["path"]).convert("RGB") for row in rows]
    return Task("sample data", images, np.array([row["label"] for row in rows]), None)


def pixels(images: list[Image.Image]) -> NDArray[np.float32]:
    """Embed images as their own 16×16 RGB pixels: (B, 768) float32 in 0..1."""
    small = [np.asarray(i.resize((16, 16), Image.Resampling.BOX), np.float32) for i in images]
    return np.stack(small).reshape(len(images), -1) / np.float32(255)


def in_batches(backbone: backbones.Backbone) -> Embed:
    """Embed any number of images, a batch at a time."""

    def embed(images: list[Image.Image]) -> NDArray[np.float32]:
        parts = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
        return np.concatenate([backbone.embed(part) for part in parts])

    return embed


def contestants(shared: Path, scratch: Path) -> list[Contestant]:
    """Pixels, random weights, the bundled backbone, and the teacher where it is there."""
    bundled = next(backbones.WEIGHTS_DIR.glob("*/config.json")).parent
    config = json.loads((bundled / "config.json").read_text())
    torch.manual_seed(0)
    blank = timm.create_model(config["architecture"], num_classes=0, **config["model_args"])
    student.export(blank.eval(), config, scratch / "random")
    folders = {"random weights": scratch / "random", bundled.name: bundled}
    teacher = shared / "weights" / "mobilenetv2_100.keras_in1k"
    if teacher.is_dir():
        folders["teacher"] = teacher
    entries = [Contestant("pixels 16×16", pixels, 0)]
    for name, folder in folders.items():
        backbone = backbones.resolve(f"local-dir:{folder}", device="cpu")
        size = (folder / "model.safetensors").stat().st_size
        entries.append(Contestant(name, in_batches(backbone), size, backbone))
    return entries


def probe(
    embeddings: NDArray[np.float32], task: Task, k: int | None, rng: np.random.Generator
) -> float:
    """Accuracy of a linear probe on the test samples, 0..1.

    Parameters
    ----------
    embeddings : (N, D) float32, row i for the task's image i
    k : labels per class that are drawn from the training samples; None takes all of them
    """
    test = draw_test(task, rng) if task.test is None else task.test
    rows = np.flatnonzero(~test)
    centred = embeddings - embeddings[rows].mean(0)
    scaled = 8 * centred / np.linalg.norm(centred, axis=1, keepdims=True)
    if k is not None:
        classes = np.unique(task.labels)
        rows = np.concatenate(
            [rng.choice(rows[task.labels[rows] == c], k, replace=False) for c in classes]
        )
    head = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    return float(head.fit(scaled[rows], task.labels[rows]).score(scaled[test], task.labels[test]))


def draw_test(task: Task, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw 30 % of every class as test samples."""
    test = np.zeros(len(task.labels), bool)
    for label in np.unique(task.labels):
        rows = np.flatnonzero(task.labels == label)
        test[rng.choice(rows, round(0.3 * len(rows)), replace=False)] = True
    return test


def speed(backbone: backbones.Backbone, images: list[Image.Image], runs: int) -> float:
    """Images per second of the forward pass on one batch, median of `runs`."""
    batch = [backbone.prepare(image) for image in images[:BATCH]]
    backbone.embed_prepared(batch)
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        backbone.embed_prepared(batch)
        seconds.append(time.perf_counter() - begin)
    return len(batch) / float(np.median(seconds))


def row_of(entry: Contestant, tasks: list[Task], runs: int) -> list[str]:
    """One line of the table."""
    cells = [entry.name]
    for task in tasks:
        embeddings = entry.embed(task.images)
        for k in (10, None):
            scores = [probe(embeddings, task, k, np.random.default_rng(s)) for s in range(SEEDS)]
            cells.append(f"{100 * np.mean(scores):.1f} ± {100 * np.std(scores, ddof=1):.1f}")
    if entry.backbone is None:
        return [*cells, "–", "–", "–"]
    rate = speed(entry.backbone, tasks[0].images, runs)
    side = entry.backbone.input_size[0]
    return [*cells, f"{rate:.0f}", f"{side}", f"{entry.size / 1e6:.2f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="timed runs; the median is printed")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    tasks = [sample_data(ROOT / "sample_data" / "emoji")]
    if (archive := given.shared / "data" / "sign-digits.zip").is_file():
        tasks.insert(0, sign_digits(archive))
    heads = [f"{t.name}, {k}" for t in tasks for k in ("10 per class", "all labels")]
    print(f"Accuracy in %: mean ± sd over {SEEDS} draws of labels. {given.threads} threads.\n")
    print("| " + " | ".join(["embedding", *heads, "images/s", "input px", "MB"]) + " |")
    print("|" + "---|" * (len(heads) + 4))
    with tempfile.TemporaryDirectory() as scratch:
        for entry in contestants(given.shared, Path(scratch)):
            print("| " + " | ".join(row_of(entry, tasks, given.runs)) + " |", flush=True)


if __name__ == "__main__":
    main()
