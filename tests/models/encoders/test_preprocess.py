"""Tests for models.encoders.preprocess: timm's own transform is what it must agree with."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from timm.data.transforms_factory import create_transform
from timm.models import get_pretrained_cfg

from models.encoders import preprocess
from models.encoders.catalogue import ENCODERS, catalogue
from models.encoders.preprocess import FILTERS, Framing

CONFIG: dict[str, Any] = {
    "input_size": (3, 64, 64),
    "interpolation": "bicubic",
    "mean": (0.5, 0.4, 0.3),
    "std": (0.2, 0.2, 0.2),
    "crop_pct": 0.875,
    "crop_mode": "center",
}


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Soft shapes with some grain, as a photo has."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    pixels = soft + rng.normal(0, 9, soft.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def same(config: dict[str, Any], image: Image.Image) -> bool:
    """Whether an image is framed to the pixels that timm makes of it."""
    transform: Any = create_transform(**config, use_prefetcher=False, normalize=False)
    return np.array_equal(Framing.of(config)(image), transform(image).permute(1, 2, 0).numpy())


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    mode=st.sampled_from(["center", "squash", "border"]),
    share=st.sampled_from([0.75, 0.875, 0.9, 0.95, 1.0]),
    size=st.sampled_from([(64, 64), (48, 80)]),
    filter_=st.sampled_from(["bilinear", "bicubic"]),
)
def test_every_size_and_mode_gives_the_pixels_that_timm_gives(
    width: int, height: int, mode: str, share: float, size: tuple[int, int], filter_: str
) -> None:
    config = CONFIG | {
        "input_size": (3, *size), "crop_mode": mode, "crop_pct": share, "interpolation": filter_
    }  # fmt: skip
    assume(mode != "border" or 50 * min(width, height) > max(width, height))  # timm: no width
    # timm 1.0.29 and older forget the filter there
    assume(mode != "center" or size[0] == size[1] or filter_ == "bilinear")
    assert same(config, photo(width, height))


@pytest.mark.parametrize("name", [name for name in catalogue("image") if name != "bundled"])
def test_photos_are_framed_for_the_catalogue_as_timm_frames_them(name: str) -> None:
    found: Any = get_pretrained_cfg(ENCODERS[name].model)
    if found is None:
        pytest.skip("this timm does not know it yet")
    config = {key: getattr(found, key) for key in ("interpolation", "mean", "std", "crop_pct")}
    config |= {"input_size": (3, *[ENCODERS[name].input_size] * 2), "crop_mode": found.crop_mode}
    for width, height in [(500, 375), (375, 500), (90, 60)]:
        assert same(config, photo(width, height))


def test_an_image_that_has_the_size_already_is_left_as_it_is() -> None:
    image = photo(64, 64)
    framed = Framing.of(CONFIG | {"crop_pct": 1.0})(image)
    np.testing.assert_array_equal(framed, np.asarray(image))


def test_a_sliver_is_framed_within_its_border() -> None:
    assert Framing.of(CONFIG | {"crop_mode": "border"})(photo(1, 300)).shape == (64, 64, 3)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("shape", [(40, 300), (300, 40), (64, 90)])
def test_a_strip_of_which_only_the_visible_part_is_scaled_looks_the_same(
    name: str, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    framing = Framing.of(CONFIG | {"interpolation": name})
    whole = framing(photo(*shape)).astype(int)
    monkeypatch.setattr(preprocess, "LARGEST", 0)
    assert np.abs(framing(photo(*shape)).astype(int) - whole).mean() < 1.5


@pytest.mark.parametrize("shape", [(1, 200_000), (200_000, 1)])
def test_a_line_of_pixels_is_framed_without_scaling_all_of_it(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scaled whole, it would have a billion pixels."""
    whole, sizes = Image.Image.resize, list[tuple[int, int]]()

    def resize(image: Image.Image, size: tuple[int, int], *rest: Any) -> Image.Image:
        sizes.append(size)
        return whole(image, size, *rest)

    monkeypatch.setattr(Image.Image, "resize", resize)
    assert (Framing.of(CONFIG)(Image.new("RGB", shape, "red")) == (255, 0, 0)).all()
    assert sizes == [(64, 64)]


def test_any_mode_becomes_three_colours() -> None:
    for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"):
        assert Framing.of(CONFIG)(Image.new(mode, (70, 70))).shape == (64, 64, 3)


def test_a_filter_that_is_not_known_is_named() -> None:
    assert "random" not in FILTERS
    with pytest.raises(ValueError, match="random"):
        Framing.of(CONFIG | {"interpolation": "random"})
