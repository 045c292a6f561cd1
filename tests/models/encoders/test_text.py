"""Tests for models.encoders.text: transformers' own outputs are what it must agree with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from models.encoders.backbones import resolve
from models.encoders.errors import BackboneNotFoundError, DamagedWeightsError, UnknownFeaturesError
from models.encoders.text import TextEncoder, embed_untrained, untrained
from tests.shared_files import shared
from tests.text_encoders import small_bert

WORDS = ["the", "cat", "sat", "on", "a", "mat", "dog", "ran", "home"]
TEXTS = ["the cat sat", "a dog ran home on the mat", "dog", "the the the cat"]
STRANGE = [
    "",
    " \n\t ",
    "nul\x00byte",
    "👩‍🚀🇫🇷",
    "مرحبا بالعالم",
    "我爱你",
    "<b>&amp;</b>",
    "e\u0301",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bert(tmp_path_factory.mktemp("bert") / "bert", WORDS)


def encoder(folder: Path, features: str | None = None) -> TextEncoder:
    found = resolve(f"local-dir:{folder}", medium="text", features=features, device="cpu")
    assert isinstance(found, TextEncoder)
    return found


def hidden(folder: Path, text: str) -> tuple[torch.Tensor, ...]:
    """Every layer's output of transformers for one text, without padding."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        layers = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    return tuple(layer[0] for layer in layers)


@pytest.mark.parametrize("features", ["pooled", "mean", "cls", "block-1", "block-1+cls"])
def test_features_are_those_of_transformers_whatever_else_is_in_the_batch(
    folder: Path, features: str
) -> None:
    found = encoder(folder, features).embed_framed(TEXTS)
    for row, text in zip(found, TEXTS, strict=True):
        layers = hidden(folder, text)
        parts = {
            "pooled": layers[-1].mean(0),
            "mean": layers[-1].mean(0),
            "cls": layers[-1][0],
            "block-1": layers[1].mean(0),
        }
        wanted = [parts[part] for part in features.split("+")]
        if len(wanted) > 1:
            wanted = [F.normalize(part, dim=0) for part in wanted]
        np.testing.assert_allclose(row, torch.cat(wanted).numpy(), atol=1e-4)


def test_attention_weighs_tokens_by_how_much_the_others_look_at_them(folder: Path) -> None:
    rows = encoder(folder, "attention").embed_framed(TEXTS)
    alone = np.concatenate([encoder(folder, "attention").embed_framed([one]) for one in TEXTS])
    np.testing.assert_allclose(rows, alone, atol=1e-4)
    assert np.abs(rows - encoder(folder, "mean").embed_framed(TEXTS)).max() > 1e-3


def test_parts_lie_side_by_side_and_a_missing_one_is_named_with_those_there(folder: Path) -> None:
    found = encoder(folder, "block-2+cls")
    assert found.widths == (16, 16) and found.weighted_parts == [(16, 0.5), (16, 1.0)]
    with pytest.raises(UnknownFeaturesError, match=r"no features 'block-3'; it has .*block-2$"):
        encoder(folder, "block-3")


def test_a_long_text_is_the_mean_of_its_windows_by_their_tokens(folder: Path) -> None:
    found = encoder(folder)  # 32 places, 30 of them for the text's own
    first, second = "the cat " * 15, "dog ran " * 5
    rows = found.embed_framed([first + second, first, second])
    np.testing.assert_allclose(rows[0], (30 * rows[1] + 10 * rows[2]) / 40, atol=1e-5)


def test_order_of_texts_and_size_of_batches_change_nothing(folder: Path) -> None:
    found = encoder(folder)
    rows = found.embed_framed(TEXTS)
    np.testing.assert_allclose(found.embed_framed(TEXTS[::-1])[::-1], rows, atol=1e-5)
    assert found.embed_framed([]).shape == (0, found.dim)


def test_when_memory_is_short_batches_are_halved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, sizes = encoder(folder), list[int]()
    rows, whole = found.embed_framed(TEXTS), type(found.model).forward

    def little(model: torch.nn.Module, ids: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        sizes.append(len(ids))
        if len(ids) > 2:
            raise torch.cuda.OutOfMemoryError
        return whole(model, ids, kinds)

    monkeypatch.setattr(type(found.model), "forward", little)
    np.testing.assert_allclose(found.embed_framed(TEXTS), rows, atol=1e-5)
    assert sizes == [4, 2, 2]


@pytest.mark.parametrize("name", [None, "small"])
def test_texts_of_any_kind_give_finite_rows(folder: Path, name: str | None) -> None:
    found = encoder(folder) if name else resolve(medium="text", device="cpu")
    assert np.isfinite(found.embed_framed(STRANGE)).all()
    assert np.isfinite(found.embed_framed([""])).all()


def test_a_fingerprint_changes_with_weights_tokenizer_pooling_and_features(
    folder: Path, tmp_path: Path
) -> None:
    seen = {encoder(folder).fingerprint, encoder(folder, "cls").fingerprint}
    for change in ("weights", "tokenizer", "pooling"):
        other = shutil.copytree(folder, tmp_path / change)
        if change == "weights":
            torch.manual_seed(1)
            small_bert(other, WORDS, initializer_range=0.4)
        elif change == "tokenizer":
            text = (other / "tokenizer.json").read_text("utf-8")
            (other / "tokenizer.json").write_text(text.replace('"cat": 5', '"cot": 5'), "utf-8")
        else:
            (other / "1_Pooling").mkdir()
            told = {"pooling_mode_cls_token": True}
            (other / "1_Pooling" / "config.json").write_text(json.dumps(told), "utf-8")
        seen.add(encoder(other).fingerprint)
    assert len(seen) == 5
    assert encoder(folder).fingerprint in seen


def test_a_folder_of_sentence_transformers_tells_pooling_and_length_one(
    folder: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(folder, tmp_path / "sentences")
    (other / "1_Pooling").mkdir()
    told = {"pooling_mode_cls_token": True}
    (other / "1_Pooling" / "config.json").write_text(json.dumps(told), "utf-8")
    modules = [{"type": "sentence_transformers.models.Normalize"}]
    (other / "modules.json").write_text(json.dumps(modules), "utf-8")
    wanted = F.normalize(hidden(folder, TEXTS[1])[-1][0], dim=0)
    np.testing.assert_allclose(encoder(other).embed_framed(TEXTS)[1], wanted.numpy(), atol=1e-4)


def test_damaged_and_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "model.safetensors"):
        other = shutil.copytree(folder, tmp_path / name)
        (other / name).write_bytes((folder / name).read_bytes()[:100])
        with pytest.raises(DamagedWeightsError, match="cannot be loaded"):
            encoder(other)
        (other / name).unlink()
        with pytest.raises(BackboneNotFoundError, match=name):
            encoder(other)


def test_a_model_that_brings_its_own_program_is_not_run(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "program")
    config = json.loads((other / "config.json").read_text("utf-8"))
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (other / "config.json").write_text(json.dumps(config), "utf-8")
    (other / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()", "utf-8")
    with pytest.raises(DamagedWeightsError):
        encoder(other)
    assert not (tmp_path / "ran").exists()


def test_an_untrained_twin_has_other_weights_and_leaves_the_encoder_as_it_is(folder: Path) -> None:
    for found in (encoder(folder), resolve(medium="text", device="cpu")):
        assert isinstance(found, TextEncoder)
        before = found.embed_framed(TEXTS)
        rows = embed_untrained(untrained(found), TEXTS)
        assert rows.shape == before.shape and np.isfinite(rows).all()
        assert np.abs(rows - before).max() > 1e-3 and rows.std(axis=0).max() > 1e-3
        np.testing.assert_array_equal(found.embed_framed(TEXTS), before)
        np.testing.assert_array_equal(embed_untrained(untrained(found), TEXTS), rows)


def test_minilm_puts_alike_sentences_together() -> None:
    found = encoder(shared("weights/all-MiniLM-L6-v2"))
    assert found.dim == 384
    rows = found.embed_framed(["How old are you?", "What is your age?", "I like cold soup."])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-4)
    assert rows[0] @ rows[1] > 0.6 > 0.3 > rows[0] @ rows[2]
