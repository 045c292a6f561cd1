"""Distill a table of token vectors from a sentence encoder, on texts without labels.

    python -m models.distillation.words --teacher FOLDER --texts FILE.tsv … --out FOLDER

A text's embedding is the mean of its tokens' vectors. Each vector begins as the teacher's embedding
of its token alone, scaled down for frequent tokens (Arora, Liang, Ma, "A Simple but Tough-to-Beat
Baseline for Sentence Embeddings", ICLR 2017), in the first principal directions of the teacher's
embeddings of the texts. Then the table learns to give these embeddings.
"""

import argparse
import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.distillation.files import write_whole
from models.distillation.texts import docstrings, lines, questions
from models.distillation.training import Target
from models.encoders.backbones import resolve
from models.encoders.text import TextEncoder, padded
from models.encoders.windows import Windows

LEVELS = 7  # a number is stored in four bits, -7 … 7
BATCH = 256
RARE = 1e-3  # the share of all tokens at which a vector counts half
WINDOW = 512  # tokens; a longer text is embedded in several
PART = 2048  # texts or tokens for the teacher at once


def token_rows(teacher: TextEncoder, size: int) -> NDArray[np.float32]:
    """The teacher's embedding of each token of its vocabulary, alone between special tokens."""
    (window,) = teacher.windows.of([""])
    rows = []
    for begin in range(0, size, PART):
        ids = [
            [window.ids[0], one, window.ids[-1]] for one in range(begin, min(begin + PART, size))
        ]
        both = padded(ids, [slice(1, 2)] * len(ids))
        with torch.inference_mode():
            rows.append(teacher.model(*both).numpy())
    return np.concatenate(rows)


class Bags:
    """Texts as their token ids, one after another."""

    def __init__(self, windows: Windows, texts: list[str]) -> None:
        ids: list[list[int]] = [[] for _ in texts]
        for window in windows.of(texts):
            ids[window.text] += window.ids[window.inner]
        self.ids = [np.array(one, np.int64) for one in ids]

    def part(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Ids and offsets of some texts, as nn.EmbeddingBag takes them."""
        ids = [self.ids[row] for row in rows]
        begins = np.cumsum([0, *(len(one) for one in ids[:-1])])
        return torch.from_numpy(np.concatenate(ids)), torch.from_numpy(begins)


def first_table(
    tokens: NDArray[np.float32], rows: NDArray[np.float32], bags: Bags, width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The table (V, width) to begin with, and the targets (N, width) of the texts."""
    center = rows.mean(axis=0)
    directions = np.linalg.svd(rows - center, full_matrices=False)[2][:width].T
    counts = np.bincount(np.concatenate(bags.ids), minlength=len(tokens)) + 0.5
    weight = RARE / (RARE + counts / counts.sum())
    table = (tokens - tokens.mean(axis=0)) @ directions * weight[:, None]
    return table.astype(np.float32), (rows - center) @ directions


def train(
    table: NDArray[np.float32], wanted: NDArray[np.float32], bags: Bags, epochs: int, rate: float
) -> NDArray[np.float32]:
    """The table after some passes over the texts, by the losses of image backbones."""
    start = torch.from_numpy(table.copy())
    bag = nn.EmbeddingBag.from_pretrained(start, freeze=False, mode="mean", sparse=True)
    goal = torch.from_numpy(wanted)
    target = Target(torch.zeros(table.shape[1]), goal.square().sum(1).mean(), None)
    optimizer = torch.optim.SparseAdam(bag.parameters(), lr=rate)
    rng, per_epoch = np.random.default_rng(0), len(wanted) // BATCH
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * per_epoch)
    for epoch in range(epochs):
        losses = []
        for part in np.array_split(rng.permutation(len(wanted)), per_epoch):
            loss = target.loss(bag(*bags.part(part)), goal[part])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()  # type: ignore[no-untyped-call]
            scheduler.step()
            losses.append(loss.item())
        print(f"pass {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}", flush=True)
    return bag.weight.detach().numpy()


def packed(table: NDArray[np.float32]) -> dict[str, Tensor]:
    """The table in four bits a number, two in each byte, and the scale of each row."""
    scale = (np.abs(table).max(axis=1) / LEVELS).clip(1e-6).astype(np.float16)
    levels = np.round(table / scale.astype(np.float32)[:, None]).clip(-LEVELS, LEVELS)
    nibbles = (levels + 8).astype(np.uint8)
    both = nibbles[:, ::2] | (nibbles[:, 1::2] << 4)
    return {"table": torch.from_numpy(both), "scale": torch.from_numpy(scale)}


def write(folder: Path, tensors: dict[str, Tensor], tokenizer: Path) -> None:
    """Write the bundle: config.json, model.safetensors, tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"medium": "text", "architecture": folder.name, "model_type": "static"}
    told |= {"max_position_embeddings": WINDOW}
    held = json.loads(tokenizer.read_text(encoding="utf-8")) | {"truncation": None, "padding": None}
    tokens = json.dumps(held, ensure_ascii=False, separators=(",", ":"))
    write_whole(folder / "model.safetensors", lambda path: save_file(tensors, path))
    (folder / "tokenizer.json").write_text(tokens, encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def distil(teacher: TextEncoder, texts: list[str], given: argparse.Namespace) -> dict[str, Tensor]:
    """The packed table that gives the teacher's embeddings of texts as well as it can."""
    assert teacher.file is not None
    tokenizer = Tokenizer.from_file(str(teacher.file.parent / "tokenizer.json"))
    texts = [text for text in dict.fromkeys(texts) if tokenizer.encode(text).tokens[1:-1]]
    bags = Bags(Windows(tokenizer, WINDOW), texts)
    rows = []
    for begin in range(0, len(texts), PART):
        rows.append(teacher.embed_framed(texts[begin : begin + PART]))
        print(f"{begin + len(rows[-1]):,} of {len(texts):,} texts embedded", flush=True)
    tokens = token_rows(teacher, tokenizer.get_vocab_size())
    table, wanted = first_table(tokens, np.concatenate(rows), bags, given.width)
    return packed(train(table, wanted, bags, given.epochs, given.rate))


def main() -> None:
    """Distill, and write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--teacher", type=Path, required=True, help="a folder of transformers")
    add("--texts", type=Path, nargs="*", default=[], help="files of lines; of .tsv the last column")
    add("--docstrings", type=int, default=2500, help="sentences of Python's own documentation")
    add("--questions", type=int, default=12_000, help="made-up questions")
    add("--width", type=int, default=224)
    add("--epochs", type=int, default=8)
    add("--rate", type=float, default=3e-3)
    add("--out", type=Path, required=True)
    given = parser.parse_args()
    tokenizer = given.teacher / "tokenizer.json"
    texts = questions(tokenizer, given.questions)
    texts += [line for file in given.texts for line in lines(file)]
    texts += docstrings(Path(ast.__file__).parent, given.docstrings)
    teacher = resolve(f"local-dir:{given.teacher}", medium="text", device="cpu")
    assert isinstance(teacher, TextEncoder)
    write(given.out, distil(teacher, texts, given), tokenizer)


if __name__ == "__main__":
    main()
