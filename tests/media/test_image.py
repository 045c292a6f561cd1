"""Decoding files as hostile as they come, and the copies that browsers get."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from labeling.errors import UnreadableError
from labeling.media.image import SIZES, browser_copy, check_header, load_image
from tests import hostile
from tests.conftest import picture

ORIENTATION = 0x0112


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_is_decoded_to_rgb(kind: str) -> None:
    data = encoded(picture(0), kind)
    assert check_header(data) == (32, 32)
    image = load_image(data, "a")
    assert (image.mode, image.size) == ("RGB", (32, 32))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation: int) -> None:
    stored = Image.new("RGB", (40, 20), "white")
    stored.paste("red", (0, 0, 20, 10))  # top left as stored
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    upright = load_image(encoded(stored, "PNG", exif=exif), "a")
    assert upright.size == ((40, 20) if orientation < 5 else (20, 40))
    width, height = upright.size
    corner = {
        1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1),
    }[orientation]  # fmt: skip
    at = (corner[0] * (width - 1), corner[1] * (height - 1))
    assert upright.getpixel(at) == (255, 0, 0)


def test_a_damaged_exif_block_does_not_cost_the_pixels() -> None:
    data = encoded(picture(0), "JPEG", exif=b"Exif\0\0" + b"\xff" * 40)
    assert load_image(data, "a").size == (32, 32)


def test_an_orientation_that_does_not_exist_is_passed_over() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 99
    assert load_image(encoded(picture(0), "JPEG", exif=exif), "a").size == (32, 32)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_many_is_shown(kind: str) -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(red, kind, save_all=True, append_images=[blue], **options)
    assert load_image(data, "a").getpixel((4, 4)) == (255, 0, 0)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert load_image(encoded(clear, "PNG"), "a").getpixel((0, 0)) == (255, 255, 255)


def test_a_sixteen_bit_microscope_image_is_not_black() -> None:
    values = np.linspace(0, 4000, 64).astype(np.uint16).reshape(8, 8)
    image = np.asarray(load_image(encoded(Image.fromarray(values), "TIFF"), "a"))
    assert image.min() == 0
    assert image.max() > 240


def test_a_cmyk_jpeg_is_decoded() -> None:
    data = encoded(picture(0).convert("CMYK"), "JPEG")
    assert load_image(data, "a").mode == "RGB"


def test_a_truncated_jpeg_passes_the_header_and_is_named_when_decoded() -> None:
    data = encoded(picture(0, 200), "JPEG")[:1500]
    assert check_header(data) == (200, 200)
    with pytest.raises(UnreadableError, match=r"cat/a\.jpg: it is damaged \(.*truncated"):
        load_image(data, "cat/a.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_bytes_raise_nothing_but_the_named_error(kind: str) -> None:
    data = encoded(picture(0), kind)
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(data)
        for place in rng.integers(0, len(broken), 8):
            broken[place] = rng.integers(256)
        try:
            browser_copy(bytes(broken[: rng.integers(10, len(broken) + 1)]), "x.img", "thumb")
        except UnreadableError as error:
            assert "x.img" in str(error)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_an_image_without_pixels_is_refused(size: tuple[int, int]) -> None:
    data = bytearray(encoded(Image.new("RGB", (5, 5)), "BMP"))
    for offset, value in zip((18, 22), size, strict=True):
        data[offset : offset + 4] = value.to_bytes(4, "little")
    with pytest.raises(UnreadableError, match="not an image"):
        check_header(bytes(data))


def test_a_gif_whose_frame_is_larger_than_its_screen_cannot_pass_the_limit() -> None:
    data = bytearray(encoded(Image.new("P", (5, 5)), "GIF"))
    frame = data.rindex(b"\x2c\0\0\0\0\5\0\5\0")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(UnreadableError, match="limit of 120 megapixels"):
        check_header(bytes(data))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(3000, 40), (40, 3000), (1, 1), (1, 9000), (1600, 1600)])
def test_a_browser_copy_is_a_webp_within_its_size(size: str, shape: tuple[int, int]) -> None:
    content = browser_copy(encoded(Image.new("RGB", shape), "PNG"), "a", size)
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "WEBP"
        assert max(image.size) == min(max(shape), SIZES[size])
        assert min(image.size) >= 1


def test_a_small_image_reaches_the_browser_without_loss() -> None:
    content = browser_copy(encoded(picture(3), "PNG"), "a", "view")
    with Image.open(io.BytesIO(content)) as image:
        assert (np.asarray(image) == np.asarray(picture(3))).all()


def test_a_large_jpeg_is_decoded_no_larger_than_asked_and_looks_the_same() -> None:
    soft = picture(2, 64).resize((1000, 700), Image.Resampling.BICUBIC)
    data = encoded(soft, "JPEG", quality=90)
    whole, small = load_image(data, "a"), load_image(data, "a", least=96)
    assert whole.size == (1000, 700) and small.size == (250, 175)
    pair = [np.asarray(i.resize((96, 96), Image.Resampling.BICUBIC), float) for i in (whole, small)]
    assert np.abs(pair[0] - pair[1]).mean() < 1.0  # of 255
    assert load_image(data, "a", least=701).size == (1000, 700)
    assert load_image(encoded(soft, "PNG"), "a", least=96).size == (1000, 700)


def test_a_turned_jpeg_is_upright_when_it_is_decoded_small() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(picture(2, 64).resize((800, 400)), "JPEG", exif=exif)
    assert load_image(data, "a", least=100).size == (100, 200)


# -- hostile files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (hostile.png_of(100_000, 100_000), "100,000 × 100,000 pixels are more than the limit"),
        (hostile.webp_of(16_383), "more than the limit"),
        (hostile.jpeg_of_passes(1_000, 5_000), "passes over 1,000 × 1,000 pixels"),
        (hostile.png_with(b"zTXt", 100), "not an image that Hone can read"),
        (hostile.png_with(b"iCCP", 100), "not an image that Hone can read"),
        (
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "not an image",
        ),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"GIF89a/*<script>alert(1)</script>*/=1;", "limit|damaged|not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
    ],
    ids=["png", "webp", "jpeg", "text", "profile", "svg", "postscript", "polyglot", "cut"],
)
def test_a_file_that_is_dear_to_read_or_no_image_is_refused_soon(data: bytes, reason: str) -> None:
    begin = time.process_time()
    with pytest.raises(UnreadableError, match=reason):
        load_image(data, "bomb")
    assert time.process_time() - begin < 1


def test_a_browser_gets_pixels_alone_whatever_else_a_file_holds() -> None:
    script = b"<script>alert(1)</script>"
    exif = Image.Exif()
    exif[0x010E] = script.decode()
    picture = Image.new("RGB", (40, 30), "red")
    file = hostile.encoded(picture, "JPEG", exif=exif, comment=script) + script
    copy = browser_copy(file, "polyglot.jpg", "view")
    assert script in file and script not in copy
    with Image.open(io.BytesIO(copy)) as image:
        assert image.format == "WEBP" and not image.getexif()


def test_only_the_first_of_many_frames_is_decoded() -> None:
    frames = [Image.new("L", (64, 64), level) for level in range(0, 250, 5)]
    file = hostile.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert load_image(file, "long.gif").getpixel((0, 0)) == (0, 0, 0)
