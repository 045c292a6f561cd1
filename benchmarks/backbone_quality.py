"""How good the bundled backbone's embeddings are, against pixels, random weights and its teacher.

    python -m benchmarks.backbone_quality [--runs 5] [--threads 2] [--shared ../shared]
        [--also FOLDER …] [--keep FOLDER]

Prints linear-probe accuracy with k labels per class on four sets, each as a share of the teacher's,
speed, and size on disk. Sets and a teacher that are missing are named and left out.
"""

import argparse
import csv
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from models.distillation import student
from models.encoders import backbones

ROOT = Path(__file__).parents[1]
SEEDS = 5
BATCH = 64
BUNDLED, TEACHER = "bundled", "teacher"
Embed = Callable[[list[Image.Image]], NDArray[np.float32]]


@dataclass(frozen=True)
class Task:
    """Labeled images; `test` marks a given test set, or is None if each seed draws its own."""

    name: str
    images: list[Image.Image]
    labels: NDArray[np.str_]
    test: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Contestant:
    """A way to embed images, with its bytes on disk."""

    name: str
    embed: Embed
    size: int
    backbone: backbones.Backbone | None = None


def archive(file: Path) -> Task:
    """Photos in split/class/name, with their own test folder."""
    images, labels, test = [], [], []
    with zipfile.ZipFile(file) as held:
        for name in sorted(n for n in held.namelist() if n.endswith(".jpg")):
            split, label, _ = name.split("/")
            images.append(Image.open(io.BytesIO(held.read(name))).convert("RGB"))
            labels.append(label)
            test.append(split == "test")
    return Task(file.stem, images, np.array(labels), np.array(test))


def digits() -> Task:
    """scikit-learn's handwritten digits, grey, 8×8 pixels."""
    held = load_digits()
    images = [Image.fromarray((p * (255 / 16)).round().astype(np.uint8)) for p in held.images]
    return Task("digits", images, held.target.astype(str), None)


def sample_data(folder: Path) -> Task:
    """The emoji of the project's sample data."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = [Image.open(folder / row["path"]).convert("RGB") for row in rows]
    return Task("sample data", images, np.array([row["label"] for row in rows]), None)


def pixels(images: list[Image.Image]) -> NDArray[np.float32]:
    """Embed images as their own 16×16 RGB pixels: (B, 768) float32 in 0..1."""
    small = [
        np.asarray(i.convert("RGB").resize((16, 16), Image.Resampling.BOX), np.float32)
        for i in images
    ]
    return np.stack(small).reshape(len(images), -1) / np.float32(255)


def in_batches(backbone: backbones.Backbone) -> Embed:
    """Embed any number of images, a batch at a time."""

    def embed(images: list[Image.Image]) -> NDArray[np.float32]:
        parts = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
        return np.concatenate([backbone.embed(part) for part in parts])

    return embed


def kept(embed: Embed, file: Path | None) -> Embed:
    """The embeddings, read from a file if one was kept."""

    def read(images: list[Image.Image]) -> NDArray[np.float32]:
        if file is None:
            return embed(images)
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, embed(images))
        rows: NDArray[np.float32] = np.load(file)
        return rows

    return read


def contestants(shared: Path, scratch: Path, also: list[Path]) -> list[Contestant]:
    """Pixels, random weights, the bundled backbone, others, and the teacher if available."""
    bundled = next(backbones.WEIGHTS_DIR.glob("*/config.json")).parent
    config = json.loads((bundled / "config.json").read_text())
    torch.manual_seed(0)
    blank = timm.create_model(config["architecture"], num_classes=0, **config["model_args"])
    student.export(blank.eval(), config, scratch / "random")
    folders = {"random weights": scratch / "random", BUNDLED: bundled}
    folders |= {str(folder): folder for folder in also}
    teacher = shared / "weights" / "mobilenetv2_100.keras_in1k"
    if teacher.is_dir():
        folders[TEACHER] = teacher
    else:
        print(f"Left out: the teacher, which is not in {teacher}.")
    entries = [Contestant("pixels 16×16", pixels, 0)]
    for name, folder in folders.items():
        backbone = backbones.resolve(f"local-dir:{folder}", device="cpu")
        size = (folder / "model.safetensors").stat().st_size
        entries.append(Contestant(name, in_batches(backbone), size, backbone))
    return entries


def tasks(shared: Path) -> Iterator[Task]:
    """The four sets; a missing one is named and left out."""
    for name in ("sign-digits", "cifar10-8k"):
        file = shared / "data" / f"{name}.zip"
        if file.is_file():
            yield archive(file)
        else:
            print(f"Left out: {name}, which is not in {file}.")
    yield sample_data(ROOT / "sample_data" / "emoji")
    yield digits()


def probe(
    embeddings: NDArray[np.float32], task: Task, k: int | None, rng: np.random.Generator
) -> float:
    """Accuracy of a linear probe on the test samples, 0..1.

    Parameters
    ----------
    embeddings : (N, D) float32, row i for the task's image i
    k : labels per class to draw from the training samples; None uses all of them
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
    batch = [backbone.framing(image) for image in images[:BATCH]]
    backbone.embed_framed(batch)
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        backbone.embed_framed(batch)
        seconds.append(time.perf_counter() - begin)
    return len(batch) / float(np.median(seconds))


def accuracies(embed: Embed, task: Task, k: int | None) -> list[float]:
    """Accuracy in % for each draw of labels; a single one if nothing is drawn."""
    draws = 1 if k is None and task.test is not None else SEEDS
    embeddings = embed(task.images)
    return [100 * probe(embeddings, task, k, np.random.default_rng(s)) for s in range(draws)]


def cell(scores: list[float]) -> str:
    """Mean and standard deviation."""
    spread = f" ± {np.std(scores, ddof=1):.1f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.1f}{spread}"


def print_quality(entries: list[Contestant], sets: list[Task], keep: Path | None) -> None:
    """A line for each set and number of labels, a column for each embedding."""
    judged = [entry.name for entry in entries if entry.backbone and entry.name != TEACHER]
    judged = judged[1:] if any(entry.name == TEACHER for entry in entries) else []
    shares = [f"{name}, % of teacher" for name in judged]
    heads = ["set", "labels", *(entry.name for entry in entries), *shares]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for task in sets:
        memory = {entry.name: _memory(entry, task, keep) for entry in entries}
        for k in (10, None):
            scores = {name: accuracies(embed, task, k) for name, embed in memory.items()}
            cells = [task.name, f"{k} per class" if k else "all", *map(cell, scores.values())]
            cells += [
                f"{100 * np.mean(scores[one]) / np.mean(scores[TEACHER]):.1f}" for one in judged
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


def _memory(entry: Contestant, task: Task, keep: Path | None) -> Embed:
    """Embeds the task's images once and keeps the result."""
    file = None
    if keep is not None and entry.backbone is not None:
        file = keep / f"{entry.backbone.fingerprint}-{task.name.replace(' ', '-')}.npy"
    rows = kept(entry.embed, file)(task.images)
    return lambda images: rows


def print_speed(entries: list[Contestant], images: list[Image.Image], runs: int) -> None:
    """A line for each network."""
    print("\n| embedding | images/s | input px | MB |\n|---|---|---|---|")
    for entry in entries:
        if entry.backbone is not None:
            rate = speed(entry.backbone, images, runs)
            side, size = entry.backbone.framing.size[0], entry.size / 1e6
            print(f"| {entry.name} | {rate:.0f} | {side} | {size:.2f} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=5, help="timed runs; the median is printed")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--shared", type=Path, default=ROOT.parent / "shared")
    add("--also", type=Path, default=[], action="append", help="judge these weights too")
    add("--keep", type=Path, help="keep embeddings in this folder for the next run")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    sets = list(tasks(given.shared))
    print(f"Accuracy in %: mean ± sd over {SEEDS} draws of labels. {given.threads} threads.\n")
    with tempfile.TemporaryDirectory() as scratch:
        entries = contestants(given.shared, Path(scratch), given.also)
        print_quality(entries, sets, given.keep)
        print_speed(entries, sets[0].images, given.runs)


if __name__ == "__main__":
    main()
