"""Everything that can be chosen by name, in one place: for help texts and for the API."""

from collections.abc import Mapping
from typing import Protocol

from labeling.exchange.formats import FORMATS
from labeling.media import MEDIA
from models.encoders.catalogue import ENCODERS
from models.head import HEADS
from models.queries import QUERIES


class Entry(Protocol):
    """What every entry of a registry has: words for the person who chooses."""

    @property
    def words(self) -> str: ...


REGISTRIES: dict[str, Mapping[str, Entry]] = {
    "queries": QUERIES,
    "heads": HEADS,
    "encoders": ENCODERS,
    "formats": FORMATS,
    "media": MEDIA,
}


def listing() -> str:
    """Each kind with its names and what they mean, as plain text, a line each."""
    return "\n".join(
        f"{kind}:\n" + "\n".join(f"- {name}: {one.words}" for name, one in entries.items())
        for kind, entries in REGISTRIES.items()
    )
