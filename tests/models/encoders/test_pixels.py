"""Pixels of any mode become 8-bit RGB."""

import numpy as np
import pytest
from PIL import Image

from models.encoders import pixels
from models.encoders.pixels import to_rgb


def test_an_rgb_image_is_returned_as_it_is() -> None:
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    assert to_rgb(image) is image


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_becomes_rgb_of_the_same_size(mode: str) -> None:
    result = to_rgb(Image.new(mode, (5, 3)))
    assert (result.mode, result.size) == ("RGB", (5, 3))


def test_transparent_pixels_become_white_and_half_transparent_ones_mix() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    result = to_rgb(image)
    assert result.getpixel((0, 0)) == (255, 255, 255)
    assert result.getpixel((1, 0)) == (255, 127, 127)


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    image.info["transparency"] = 0
    result = to_rgb(image)
    assert result.getpixel((0, 0)) == (255, 255, 255)
    assert result.getpixel((1, 0)) == (200, 100, 50)


@pytest.mark.parametrize(("top", "white"), [(200, 255), (1000, 1023), (4000, 4095), (60000, 65535)])
def test_sixteen_bit_grey_is_scaled_to_the_depth_that_it_uses(top: int, white: int) -> None:
    values = np.array([[0, top // 2, top]], dtype=np.uint16)
    result = np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0]
    np.testing.assert_allclose(result, values[0].astype(float) * 255 / white, atol=1)


def test_float_grey_is_stretched_and_nan_becomes_black() -> None:
    values = np.array([[-1.0, 0.0, 1.0, np.nan]], dtype=np.float32)
    result = np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0]
    assert result.tolist() == [0, 128, 255, 0]


@pytest.mark.parametrize("fill", [0.0, 7.5, np.nan, np.inf])
def test_a_float_image_of_one_value_is_finite_and_flat(fill: float) -> None:
    result = np.asarray(to_rgb(Image.fromarray(np.full((2, 2), fill, dtype=np.float32))))
    assert (result == result[0, 0]).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "I", "F"])
def test_an_image_that_is_converted_in_bands_looks_as_one_converted_at_once(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    bands = [Image.fromarray(rng.integers(0, 256, (9, 7), dtype=np.uint8)) for _ in range(4)]
    image = {
        "RGBA": Image.merge("RGBA", bands),
        "LA": Image.merge("LA", bands[:2]),
        "P": Image.merge("RGB", bands[:3]).convert("P"),
        "I;16": Image.fromarray(rng.integers(0, 4000, (9, 7), dtype=np.uint16)),
        "I": Image.fromarray(rng.integers(-9, 90_000, (9, 7), dtype=np.int32)),
        "F": Image.fromarray(rng.normal(size=(9, 7)).astype(np.float32)),
    }[mode]
    if mode == "P":
        image.info["transparency"] = 3
    whole = np.asarray(to_rgb(image))
    monkeypatch.setattr(pixels, "BAND", 15)
    np.testing.assert_array_equal(np.asarray(to_rgb(image)), whole)
