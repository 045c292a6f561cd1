"""What a sample is: one module for each medium, and MEDIA that lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from os.path import splitext
from typing import Any

from labeling.media import image


@dataclass(frozen=True)
class Medium:
    """One medium, and all that Hone needs to know about it.

    Attributes
    ----------
    suffixes : the ends of the names of its files, in lower case.
    check : reads the header alone; raises UnreadableImageError beyond the limits.
    load : (bytes, name, least) decoded; `least` allows a smaller copy. Like `preview`, it is
        called in processes that only decode, see `labeling.media.decoders`.
    preview : (bytes, name, size) as bytes that every browser can show.
    words : one sentence for people.
    """

    suffixes: frozenset[str]
    check: Callable[[bytes], object]
    load: Callable[..., Any]
    preview: Callable[[bytes, str, str], bytes]
    words: str


DEFAULT_MEDIUM = "image"
MEDIA: dict[str, Medium] = {
    "image": Medium(
        image.SUFFIXES,
        image.check_header,
        image.load_image,
        image.browser_copy,
        "Photos, scans and drawings; of an animation the first frame.",
    ),
}


def medium_of(name: str) -> str | None:
    """The medium of a file with that name; None if no medium has it."""
    suffix = splitext(name)[1].lower()
    return next((kind for kind, one in MEDIA.items() if suffix in one.suffixes), None)


def suffixes() -> list[str]:
    """The ends of the names of all files that can be samples."""
    return sorted(frozenset[str]().union(*(one.suffixes for one in MEDIA.values())))
