"""How good the bundled text encoder is, against word counts and its teacher.

    python -m benchmarks.text_encoders [--runs 3] [--shared ../shared] [--only NAME …]

Prints the accuracy of a linear probe with k labels per class, the share of the teacher's, and texts
a second on one core. A set that is missing is named and left out.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.encoders.backbones import resolve
from models.encoders.encoder import Encoder
from models.evidence.word_counts import word_counts

ROOT = Path(__file__).parents[1]
SETS = {
    "trec": "trec-questions.tsv",
    "sms": "sms-spam.tsv",
    "tweets": "sentiment/tweets.tsv",
    "amazon": "sentiment/amazon.tsv",
    "movies": "sentiment/movies.tsv",
}
LABELS = (10, 30, 300)
TEACHER = "weights/all-MiniLM-L6-v2"
TESTED = 0.3  # the share of texts that are only for the test
PART = 1000


def read(file: Path) -> tuple[list[str], NDArray[np.str_]]:
    """Texts and labels; of a rating whether it is above zero."""
    rows = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    heading, texts = rows[0][0], [text for _, text in rows[1:]]
    labels = [one if heading != "rating" else str(float(one) > 0) for one, _ in rows[1:]]
    return texts, np.array(labels)


def sets(folder: Path, only: list[str]) -> Iterator[tuple[str, list[str], NDArray[np.str_]]]:
    """Name, texts and labels of each set."""
    for name in only or SETS:
        if (folder / SETS[name]).is_file():
            yield name, *read(folder / SETS[name])
        else:
            print(f"Left out: {name}, which is not in {folder / SETS[name]}.")


def probe(rows: NDArray[np.float32], labels: NDArray[np.str_], k: int, seed: int) -> float:
    """Accuracy in % of a linear probe with up to k labels a class, on texts that are new to it."""
    order = np.random.default_rng(seed).permutation(len(rows))
    test, rest = np.split(order, [round(TESTED * len(rows))])
    centred = rows - rows[rest].mean(axis=0)
    scaled = 8 * centred / np.linalg.norm(centred, axis=1, keepdims=True).clip(min=1e-9)
    own = np.concatenate([rest[labels[rest] == one][:k] for one in np.unique(labels)])
    head = LogisticRegression(class_weight="balanced", max_iter=1000)
    return 100 * float(head.fit(scaled[own], labels[own]).score(scaled[test], labels[test]))


def embedded(encoder: Encoder, texts: list[str]) -> tuple[NDArray[np.float32], float]:
    """Embeddings of texts, and texts a second."""
    begin = time.perf_counter()
    parts = [encoder.embed_framed(texts[at : at + PART]) for at in range(0, len(texts), PART)]
    return np.concatenate(parts), len(texts) / (time.perf_counter() - begin)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=3, help="draws of labels")
    add("--shared", type=Path, default=ROOT.parent / "shared")
    add("--only", nargs="*", default=[], choices=SETS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    ours = resolve(medium="text", device="cpu")
    teacher = resolve(f"local-dir:{given.shared / TEACHER}", medium="text", device="cpu")
    print("| set | labels | word counts | bundled | teacher | % of teacher | texts/s | teacher's |")
    print("|" + "---|" * 8)
    for name, texts, labels in sets(given.shared / "data", given.only):
        (mine, fast), (theirs, slow) = embedded(ours, texts), embedded(teacher, texts)
        for k in LABELS:
            found = [
                np.mean([probe(rows, labels, k, seed) for seed in range(given.runs)])
                for rows in (word_counts(texts), mine, theirs)
            ]
            cells = [*(f"{one:.1f}" for one in found), f"{100 * found[1] / found[2]:.0f}"]
            cells += [f"{fast:,.0f}", f"{slow:,.0f}"]
            print(f"| {name} | {k} per class | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
