"""Decoding hostile image files with limits, and the smaller copies that browsers get."""

import io
import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from pathlib import Path

from PIL import Image, ImageOps

from labeling.errors import UnreadableImageError
from models.encoders.pixels import to_rgb

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "MPO")
MAX_BYTES = 200_000_000
MAX_PIXELS = 120_000_000
# A JPEG may ask for any number of passes over its pixels, each in a few bytes; ten are usual.
MAX_PASSED_PIXELS = 2_500_000_000
JPEG_PASS = b"\xff\xda"
# More at once would be no faster, and the largest images take half a gigabyte each.
DECODING = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
SIZES = {"thumb": 256, "view": 1600, "full": 8192}

# Our own limit is lower than Pillow's and comes with a clearer text.
Image.MAX_IMAGE_PIXELS = None
# A damaged EXIF block or an odd palette is no reason to refuse the pixels.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def check_header(data: bytes) -> tuple[int, int]:
    """(width, height) from the header alone; raises UnreadableImageError beyond the limits."""
    with _open(data) as image:
        return image.size


def load_image(data: bytes, name: str, least: int = 0) -> Image.Image:
    """Decode to an upright RGB image (EXIF orientation honoured, first frame of many).

    With `least`, a larger JPEG may come at a half, a quarter or an eighth of its size, its shorter
    side no less than that: its decoder leaves out what would be scaled away, in half the time.
    Raises UnreadableImageError that names the file and the reason.
    """
    try:
        with _open(data) as image:
            if least:
                scale = least / min(image.size)
                image.draft(None, (ceil(image.width * scale), ceil(image.height * scale)))
            image.load()
            return to_rgb(_upright(image))
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{name}: {error}") from error
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise UnreadableImageError(f"{name}: it is damaged ({_reason(error)})") from error


def browser_copy(data: bytes, name: str, size: str) -> bytes:
    """A WebP that every browser can show, at most SIZES[size] pixels on its longer side."""
    image = load_image(data, name)
    limit = SIZES[size]
    if max(image.size) > limit:
        image.thumbnail((limit, limit), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Small images are enlarged on screen, where compression would show.
    lossless, method = max(image.size) <= 128, 0 if size == "full" else 2
    image.save(buffer, "WEBP", quality=88, method=method, lossless=lossless)
    return buffer.getvalue()


def cached_copy(folder: Path, sample_id: str, size: str, make: Callable[[], bytes]) -> bytes:
    """The preview kept in `folder`, made on first use; safe under concurrent requests."""
    file = folder / sample_id[:2] / f"{sample_id}-{size}.webp"
    with suppress(OSError):
        return file.read_bytes()
    with DECODING:
        content = make()
    partial = file.with_suffix(f".{os.getpid()}-{os.urandom(4).hex()}")
    with suppress(OSError):  # a full disk must not keep the image from the screen
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, file)
    return content


def _upright(image: Image.Image) -> Image.Image:
    """The image as its EXIF orientation says; unchanged if that block is damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # whatever a broken block makes Pillow raise
        return image


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:
        raise UnreadableImageError("it is not an image that Hone can read") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise UnreadableImageError(
            f"{width:,} × {height:,} pixels are more than the limit of "
            f"{MAX_PIXELS / 1e6:.0f} megapixels; make it smaller"
        )
    passes = data.count(JPEG_PASS) if image.format in ("JPEG", "MPO") else 1
    if passes * width * height > MAX_PASSED_PIXELS:
        image.close()
        raise UnreadableImageError(
            f"it asks for {passes:,} passes over {width:,} × {height:,} pixels, as no camera or "
            "program writes it; save it as an ordinary JPEG"
        )
    return image


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
