"""Names of classes and people: how they are compared, and which ones an eye cannot tell apart."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

# Letters and signs by their category that leave no mark: fillers of Korean and of Braille.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
ANY_SCRIPT = {"COMMON", "INHERITED"}


def tidy(name: str) -> str:
    """The name as it is stored: without needless spaces, each letter in its one form."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def is_visible(name: str) -> bool:
    """Whether a name has at least one sign that can be seen."""
    return any(sign not in BLANK and unicodedata.category(sign)[0] in "LNPS" for sign in name)


class Looks:
    """Names by what an eye sees of them, to find the one that a new name looks like.

    Signs of one script, as in “A1” and “AI”, are left to the people: many lists of classes have
    both 0 and O.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        self._plain: list[str] = []  # ASCII names, which no other ASCII name has to be held against
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Add a name that was found to be new."""
        if name.isascii():
            self._plain.append(name)
        else:
            self._index(name)

    def _index(self, name: str) -> None:
        for look in _seen(name):
            self._alike[look].append(name)

    def like(self, name: str) -> str | None:
        """A name that looks like this one, in letters of another script or width."""
        if not name.isascii():
            while self._plain:
                self._index(self._plain.pop())
        near = (one for look in _seen(name) for one in self._alike.get(look, ()))
        others = (one for one in near if one.casefold() != name.casefold())  # else the same name
        return next((one for one in others if _are_alike(one, name)), None)


def _are_alike(one: str, other: str) -> bool:
    if one.isascii() and other.isascii():
        return False
    return _seen(one).plain == _seen(other).plain or _scripts(one) != _scripts(other)


class Seen(NamedTuple):
    """A name in small ordinary signs, and its outlines as it is and in small signs."""

    plain: str
    outline: str
    small: str


@lru_cache(maxsize=20_000)  # each new name is compared to all others
def _seen(name: str) -> Seen:
    plain = "".join(_ordinary(sign) for sign in name if not _is_unseen(sign))
    return Seen(plain.casefold(), _outline(plain), _outline(plain.casefold()))


def _is_unseen(sign: str) -> bool:
    return sign in BLANK or unicodedata.category(sign) == "Cf" or "\ufe00" <= sign <= "\ufe0f"


def _ordinary(sign: str) -> str:
    kind = unicodedata.decomposition(sign).partition(" ")[0]
    is_variant = kind in ("<wide>", "<narrow>", "<font>")
    return unicodedata.normalize("NFKC", sign) if is_variant else sign


def _outline(text: str) -> str:
    """The text in the simplest sign of each outline (the skeletons of Unicode's UTS 39)."""
    return "".join(map(_simplest, unicodedata.normalize("NFD", text)))


@lru_cache(maxsize=20_000)
def _simplest(sign: str) -> str:
    from confusable_homoglyphs.confusables import confusables_data  # takes a moment

    alike = (one["c"] for one in confusables_data.get(sign, ()) if len(one["c"]) == 1)
    simplest = min([sign, *alike])
    return sign if simplest == sign else _simplest(simplest)


def _scripts(text: str) -> set[str]:
    from confusable_homoglyphs.categories import unique_aliases

    return set(unique_aliases(text)) - ANY_SCRIPT
