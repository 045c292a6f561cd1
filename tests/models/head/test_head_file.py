"""Files of heads: whole, exact, and never loaded wrong."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import pytest

from models import array_file
from models.head import HEADS
from models.head.head_file import DamagedHeadError, load_head, save_head
from models.head.linear import LinearHead
from models.head.mlp import MlpHead
from tests.clusters import clusters


def made_head(k: int, *, seed: int = 0) -> LinearHead:
    """A head of k classes and width 6, as a fit could give it."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(size=k).astype(np.float32)
    return LinearHead(
        classes=np.sort(rng.choice(100, k, replace=False)),
        weight=rng.normal(size=(k, 6)).astype(np.float32),
        bias=bias - bias.mean(),
        strength=0.5,
        iterations=17,
        temperature=1.25,
    )


def made_mlp() -> MlpHead:
    rng = np.random.default_rng(3)
    shapes = {"hidden_weight": (8, 6), "hidden_bias": (8,), "weight": (3, 8), "bias": (3,)}
    parts = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return MlpHead(classes=np.array([2, 5, 9]), strength=0.01, epochs=7, temperature=0.8, **parts)


def test_a_head_on_a_map_has_another_width_than_the_centre(tmp_path: Path) -> None:
    file, (path, head, center) = tmp_path / "on-map", saved_head(tmp_path)
    save_head(file, head, center[:4], map_digest="abc")
    loaded, found = load_head(file)
    assert loaded.width == 6
    np.testing.assert_array_equal(found, center[:4])
    save_head(path, head, center[:4])
    with pytest.raises(DamagedHeadError, match="does not fit a head of width 6"):
        load_head(path)


def saved_head(folder: Path) -> tuple[Path, LinearHead, np.ndarray]:
    head = made_head(3)
    center = np.arange(6, dtype=np.float32)
    path = folder / "head of round 1"
    save_head(path, head, center)
    return path, head, center


def test_a_saved_head_comes_back_identical(tmp_path: Path) -> None:
    path, head, center = saved_head(tmp_path)
    loaded, loaded_center = load_head(path)
    for name in ("classes", "weight", "bias"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(head, name))
        assert getattr(loaded, name).dtype == getattr(head, name).dtype
    assert isinstance(loaded, LinearHead)
    assert (loaded.strength, loaded.iterations) == (head.strength, head.iterations)
    assert loaded.temperature == head.temperature
    np.testing.assert_array_equal(loaded_center, center)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_of_any_kind_predicts_the_same_after_a_round_trip(name: str, tmp_path: Path) -> None:
    features, labels = clusters(50, 12, 3)
    head = HEADS[name](features, labels)
    save_head(tmp_path / "head", head, features[0])
    loaded, center = load_head(tmp_path / "head")
    assert type(loaded) is type(head)
    assert (loaded.strength, loaded.temperature) == (head.strength, head.temperature)
    np.testing.assert_array_equal(loaded.predict_proba(features), head.predict_proba(features))
    np.testing.assert_array_equal(center, features[0])


def test_a_file_of_the_first_format_still_loads(tmp_path: Path) -> None:
    path, head = tmp_path / "head.npz", made_head(3)
    parts = {"classes": head.classes, "weight": head.weight, "bias": head.bias}
    np.savez(path, format=1, strength=0.5, iterations=17, center=np.zeros(6, np.float32), **parts)
    loaded, _ = load_head(path)
    assert loaded.temperature == 1.0
    np.testing.assert_array_equal(loaded.weight, head.weight)


def test_a_file_of_a_later_format_or_kind_is_refused(tmp_path: Path) -> None:
    path = saved_head(tmp_path)[0]
    with np.load(path) as stored:
        parts = dict(stored)
    for change in ({"format": 3}, {"kind": "forest"}, {"temperature": -1.0}):
        np.savez(tmp_path / "other.npz", **{**parts, **change})
        with pytest.raises(DamagedHeadError):
            load_head(tmp_path / "other.npz")


def test_a_head_of_an_unknown_type_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no file format"):
        save_head(tmp_path / "head", object(), np.zeros(2, np.float32))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True, eq=False)
class ToyHead(LinearHead):
    """A head with a part that no other kind has."""

    shift: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))


def test_a_head_of_a_new_kind_is_saved_with_its_own_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = replace(HEADS["logistic"], load=lambda: (ToyHead, HEADS["logistic"].load()[1]))
    monkeypatch.setitem(HEADS, "toy", toy)
    shift = np.arange(4, dtype=np.float32)
    parts = {one.name: getattr(made_head(3), one.name) for one in fields(LinearHead) if one.init}
    save_head(tmp_path / "head", ToyHead(**parts, shift=shift), np.zeros(6, np.float32))
    loaded, _ = load_head(tmp_path / "head")
    assert isinstance(loaded, ToyHead)
    np.testing.assert_array_equal(loaded.shift, shift)


def test_a_linear_head_with_its_earlier_name_still_loads(tmp_path: Path) -> None:
    path, head, _ = saved_head(tmp_path)
    with np.load(path) as stored:
        parts = dict(stored)
    np.savez(tmp_path / "other.npz", **{**parts, "kind": "linear"})
    np.testing.assert_array_equal(load_head(tmp_path / "other.npz")[0].weight, head.weight)


def test_saving_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path, _, center = saved_head(tmp_path)
    newer = made_head(4, seed=8)
    save_head(path, newer, center)
    np.testing.assert_array_equal(load_head(path)[0].weight, newer.weight)
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_head(tmp_path: Path) -> None:
    path, head, center = saved_head(tmp_path)
    whole = path.read_bytes()
    with path.open("rb") as reader:
        save_head(path, head, center + 1)
        assert reader.read() == whole
    assert path.read_bytes() != whole


def test_a_write_that_fails_keeps_the_old_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, head, center = saved_head(tmp_path)

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(array_file.os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_head(path, head, center + 1)
    np.testing.assert_array_equal(load_head(path)[1], center)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_would_grow_is_not_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", format=2, weight=np.zeros(10_000_000))
    with pytest.raises(DamagedHeadError, match="compressed"):
        load_head(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_a_damaged_file_is_named_and_never_loaded_wrong(kind: str, tmp_path: Path) -> None:
    path, center = tmp_path / "head", np.arange(6, dtype=np.float32)
    head = made_head(3) if kind == "linear" else made_mlp()
    save_head(path, head, center)
    content = path.read_bytes()
    broken = 0
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            loaded, loaded_center = load_head(path)
        except DamagedHeadError as error:
            assert str(path) in str(error)
            broken += 1
        else:  # the byte belonged to a date or another thing that means nothing
            np.testing.assert_array_equal(loaded.weight, head.weight)
            np.testing.assert_array_equal(loaded_center, center)
    assert broken > len(content) / 7 / 3


@pytest.mark.parametrize("content", [b"", b"not a head", b"PK\x03\x04"])
def test_a_file_that_is_no_head_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(DamagedHeadError, match=r"head\.npz"):
        load_head(path)


def test_a_truncated_head_is_refused(tmp_path: Path) -> None:
    path, _, _ = saved_head(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DamagedHeadError):
        load_head(path)


def test_pickled_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    parts = {"format": 1, "strength": 1.0, "iterations": 1, "center": np.zeros(2)}
    np.savez(path, classes=np.array([{}, {}], dtype=object), **parts)
    with pytest.raises(DamagedHeadError, match="allow_pickle"):
        load_head(path)


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_head(tmp_path / "none.npz")
