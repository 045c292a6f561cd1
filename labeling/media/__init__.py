"""What a sample is: one module for each medium, and MEDIA that lists them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os.path import splitext
from typing import Any

from labeling.media import evidence, image, text
from labeling.wording import amount


@dataclass(frozen=True)
class Medium:
    """One medium, and all that Hone needs to know about it.

    Attributes
    ----------
    one, many : what people call a sample, and several.
    suffixes : the ends of the names of its files, in lower case.
    most_bytes : of one file.
    check : reads the header alone; raises UnreadableError for what is no sample or is beyond the
        limits. `identify` may do so too.
    identify : bytes -> the bytes that make the sample, whose sha256 is its id.
    frame : (bytes, name, framing) -> what an encoder sees.
    preview : (bytes, name, size, context) -> what the board shows, of the type `shown_as`.
    sizes : the sizes of previews.
    evidence : (framed, what models.evidence found) -> what the board shows, of the type
        `shown_as`.
    isolated : whether bytes can harm the program that decodes them, so that `frame` and `preview`
        are called in a process of their own, see `labeling.media.decoders`, and previews are kept.
    measure : what the input of its encoders is counted in.
    suffix : what a sample without a file of its own is called in a folder.
    quote : bytes -> what stands for a sample in a table of labels; None: only its path does.
    words : one sentence for people.
    """

    one: str
    many: str
    suffixes: frozenset[str]
    most_bytes: int
    check: Callable[[bytes], object]
    identify: Callable[[bytes], bytes]
    frame: Callable[[bytes, str, Any], Any]
    preview: Callable[[bytes, str, str, Mapping[str, str]], bytes]
    shown_as: str
    sizes: tuple[str, ...]
    evidence: Callable[[Any, Any], bytes]
    isolated: bool
    measure: str
    suffix: str
    quote: Callable[[bytes], str] | None
    words: str

    def amount(self, count: int) -> str:
        """A number of samples in words: 1 image, 1,200 images."""
        return amount(count, self.one, self.many)


DEFAULT_MEDIUM = "image"
MEDIA: dict[str, Medium] = {
    "image": Medium(
        one="image",
        many="images",
        suffixes=image.SUFFIXES,
        most_bytes=image.MAX_BYTES,
        check=image.check_header,
        identify=lambda data: data,
        frame=image.frame,
        preview=lambda data, name, size, _context: image.browser_copy(data, name, size),
        shown_as="image/webp",
        sizes=tuple(image.SIZES),
        evidence=evidence.coloured,
        isolated=True,
        measure="pixels",
        suffix="",
        quote=None,
        words="Photos, scans and drawings; of an animation the first frame.",
    ),
    "text": Medium(
        one="text",
        many="texts",
        suffixes=text.SUFFIXES,
        most_bytes=text.MAX_BYTES,
        check=lambda data: None,  # it is read whole to be identified
        identify=text.identify,
        frame=text.frame,
        preview=text.preview,
        shown_as="application/json",
        sizes=text.SIZES,
        evidence=evidence.spans,
        isolated=False,
        measure="tokens",
        suffix=".txt",
        quote=text.read_text,
        words="Messages, sentences and documents in any language.",
    ),
}
NEARLY_ALL = 0.8  # images may come with a text beside each


def medium_of(name: str) -> str | None:
    """The medium of a file with that name; None if no medium has it."""
    suffix = splitext(name)[1].lower()
    return next((kind for kind, one in MEDIA.items() if suffix in one.suffixes), None)


def main_medium(names: Iterable[str]) -> str:
    """The medium of a pool with these files: images, unless nearly all files are of another."""
    counts = Counter(medium_of(name) for name in names)
    del counts[None]
    most = counts.most_common(1)
    return str(most[0][0]) if most and most[0][1] > NEARLY_ALL * counts.total() else DEFAULT_MEDIUM


def suffixes(medium: str | None = None) -> list[str]:
    """The ends of the names of all files that can be samples, or those of one medium."""
    media = [one for kind, one in MEDIA.items() if medium in (None, kind)]
    return sorted(frozenset[str]().union(*(one.suffixes for one in media)))
