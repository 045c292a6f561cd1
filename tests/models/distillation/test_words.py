"""Tests for models.distillation.words: what is written is what the app reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.distillation.words import LEVELS, main, packed
from models.encoders.backbones import WEIGHTS_DIR, resolve
from models.encoders.text import TextEncoder
from models.encoders.text_networks import StaticTable
from tests.text_encoders import small_bert

WORDS = ["the", "cat", "dog", "red", "blue", "house", "tree", "sits", "runs", "sleeps"]


def test_a_packed_table_is_read_to_within_half_a_level() -> None:
    table = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    table[7] = 0.0
    read = StaticTable(packed(table)).table.numpy()
    half = np.abs(table).max(axis=1, keepdims=True) / LEVELS / 2
    assert (np.abs(read - table) <= 1.02 * half + 1e-6).all()


def test_distilling_gives_a_bundle_that_agrees_with_its_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = small_bert(tmp_path / "teacher", WORDS, initializer_range=0.05)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(2, 6))) for _ in range(600)]
    (tmp_path / "texts.tsv").write_text("n\ttext\n" + "".join(f"1\t{one}\n" for one in texts))
    out = tmp_path / "bundle" / "hone_small"
    given = ["--teacher", teacher, "--texts", tmp_path / "texts.tsv", "--out", out, "--width", 8]
    given += ["--docstrings", 0, "--questions", 0, "--epochs", 60, "--rate", 0.03]
    monkeypatch.setattr("sys.argv", ["words", *map(str, given)])
    main()
    assert "pass 60 of 60" in capsys.readouterr().out
    made = resolve(medium="text", device="cpu", weights_dir=tmp_path / "bundle")
    assert isinstance(made, TextEncoder)
    assert made.name == "hone_small" and made.dim == 8
    theirs = resolve(f"local-dir:{teacher}", medium="text", device="cpu")
    alike = [similarities(one.embed_framed(texts[:100])) for one in (made, theirs)]
    assert np.corrcoef(*alike)[0, 1] > 0.6


def similarities(rows: np.ndarray) -> np.ndarray:
    """Cosines between all pairs of rows, about their mean."""
    centred = torch.nn.functional.normalize(torch.from_numpy(rows - rows.mean(axis=0)))
    return (centred @ centred.T).numpy()[np.triu_indices(len(rows), 1)]


def test_the_bundled_one_is_small_and_puts_alike_texts_together() -> None:
    folder = WEIGHTS_DIR / "hone_words"
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 4_000_000
    assert json.loads((folder / "config.json").read_text())["medium"] == "text"
    made = resolve(medium="text", device="cpu")
    texts = ["my parcel has not arrived", "the package was never delivered", "a recipe for soup"]
    rows = torch.nn.functional.normalize(torch.from_numpy(made.embed_framed(texts)))
    assert rows[0] @ rows[1] > 0.2 + rows[0] @ rows[2]
