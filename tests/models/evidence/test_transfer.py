"""Transfer: what features are worth beside pixels and random weights, and shift of new images."""

import numpy as np
import pytest
import torch
from PIL import Image

from models.encoders.backbones import Backbone
from models.evidence.shift import shift
from models.evidence.transfer import compare
from models.evidence.untrained import PIXELS, embed_random, pixel_features, random_twin
from models.space.space import Space
from tests.conftest import picture


def classes(n: int, strength: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    return rng.normal(size=(n, 20)) + strength * np.eye(4, 20)[labels], labels


def test_better_features_gain_and_worse_ones_are_called_negative() -> None:
    good, labels = classes(160, 3.0)
    poor, _ = classes(160, 0.3, seed=1)
    uniform, groups = np.arange(160) % 2 == 0, np.arange(160)
    found = compare(good, poor, labels, uniform, groups)
    assert found is not None
    assert found.uniform and found.rows == 80
    assert found.gain.low > 0.2
    turned = compare(poor, good, labels, uniform, groups)
    assert turned is not None
    assert turned.negative and turned.gain.mean == pytest.approx(-found.gain.mean)


def test_features_that_do_as_well_gain_nothing_and_that_is_said() -> None:
    ours, labels = classes(200, 2.0)
    theirs, _ = classes(200, 2.0, seed=2)
    found = compare(ours, theirs, labels, np.ones(200, dtype=bool), np.arange(200))
    assert found is not None
    assert found.none and not found.negative
    assert abs(found.gain.mean) < 0.1


def test_few_labels_are_not_compared_and_few_checks_leave_all_labels() -> None:
    ours, labels = classes(40, 2.0)
    none = np.zeros(40, dtype=bool)
    assert compare(ours[:29], ours[:29], labels[:29], none[:29], np.arange(29)) is None
    found = compare(ours, ours, labels, none, np.arange(40))
    assert found is not None
    assert not found.uniform and found.rows == 40
    assert found.gain.mean == 0.0


def test_pixels_are_small_signed_rows() -> None:
    images = [Image.new("RGB", (50, 30), "white"), Image.new("L", (8, 8), 0)]
    rows = pixel_features([PIXELS(image) for image in images])
    assert rows.shape == (2, 768)
    assert (rows[0] == 1).all() and (rows[1] == -1).all()


def test_a_random_twin_has_other_weights_and_says_something_of_images(backbone: Backbone) -> None:
    before = [p.clone() for p in backbone.model.parameters()]
    state = torch.random.get_rng_state()
    twin = random_twin(backbone)
    assert torch.equal(state, torch.random.get_rng_state())
    rows = embed_random(twin, [twin.framing(picture(number)) for number in range(12)])
    assert rows.shape == (12, backbone.dim)
    assert np.isfinite(rows).all() and rows.std(axis=0).max() > 1e-3
    for old, now in zip(before, backbone.model.parameters(), strict=True):
        assert torch.equal(old, now)
    weights = zip(backbone.model.parameters(), twin.model.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in weights)


def test_images_of_the_same_kind_cannot_be_told_from_the_pool_and_others_can() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(400, 30))
    other = rng.normal(size=(100, 30)) + 1.5 * np.eye(30)[0] * 3
    space = Space.fit(raw)
    pool = space.transform(raw)
    same = shift(pool[:300], pool[300:], pool[:50], rng)
    moved = shift(pool[:300], space.transform(other), pool[:50], rng)
    assert same is not None and moved is not None
    assert same.low < 0.55 and not same.warned
    assert same.outside < 10
    assert moved.warned and moved.auc > 0.9
    assert shift(pool[:10], pool[300:], pool[:5], rng) is None
