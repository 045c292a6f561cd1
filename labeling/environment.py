"""The environment: every variable of Hone, what it may hold, and what it means if it is not set."""

import difflib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from labeling.errors import SettingError
from labeling.wording import listed

T = TypeVar("T")

# With a second @, a part of the password would be taken for the host, which errors show.
POSTGRESQL = re.compile(
    r"postgres(ql)?(\+\w+)?://([^@]*@)?(\[[^\]@]*\]|[^@/:?]*)(:\d+)?([/?].*)?", re.ASCII
)
SPELLINGS = {"1": True, "true": True, "yes": True, "on": True}
SPELLINGS |= {"0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Variable(Generic[T]):
    """One variable: `read` understands its text or raises ValueError, `unset` is what else counts.

    `allowed` says in an error what it may hold. An empty text means the same as no variable, unless
    that could be a mistake that opens something (`may_be_empty`). A `secret` text is not shown.
    """

    name: str
    read: Callable[[str], T]
    allowed: str
    unset: T
    may_be_empty: bool = True
    secret: bool = False

    def value(self) -> T:
        """What the variable says now; raises SettingError if that is not understood."""
        text = os.environ.get(self.name)
        if text is None or (self.may_be_empty and not text.strip()):
            return self.unset
        try:
            return self.read(text)
        except (ValueError, OSError, RuntimeError):  # RuntimeError: no such user for a ~
            what = "not understood" if self.secret else repr(text)
            raise SettingError(f"{self.name} is {what}; {self.allowed}") from None


def _yes_or_no(text: str) -> bool:
    try:
        return SPELLINGS[text.strip().lower()]
    except KeyError:
        raise ValueError from None


def _path(text: str) -> str:
    Path(text).expanduser()
    return text


def _folder(text: str) -> str:
    """A folder, or a path at which one can be made."""
    place = Path(text).expanduser().absolute()
    (nearest, *_) = (one for one in (place, *place.parents) if one.exists())
    if not nearest.is_dir():
        raise ValueError
    return text


def _folders(text: str) -> Sequence[Path]:
    """Folders that are there, separated as in PATH."""
    places = [Path(one).expanduser() for one in text.split(os.pathsep) if one.strip()]
    if not all(place.is_dir() for place in places):
        raise ValueError
    return [place.resolve() for place in places]


def _address(text: str) -> str:
    if not POSTGRESQL.fullmatch(text.strip()):
        raise ValueError
    return text.strip()


def _device(text: str) -> str:
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", text.strip(), re.ASCII):
        raise ValueError
    return text.strip()


POOL = Variable("HONE_POOL", _path, "name a folder, a .zip or a table of images or texts.", None)
PROJECT = Variable("HONE_PROJECT", _folder, "name a folder; it may be a new one.", None)
HOME = Variable("HONE_HOME", _folder, "name a folder; it may be a new one.", ".hone")
DATABASE_URL = Variable(
    "HONE_DATABASE_URL",
    _address,
    "it looks like postgresql://NAME:PASSWORD@HOST/DATABASE, and where the name or the password "
    "holds an @, write %40 for it (and %25 for %, %2F for /, %3A for :). Leave it out to keep "
    "labels in SQLite.",
    "",
    secret=True,
)
LOGIN = Variable(
    "HONE_LOGIN",
    _yes_or_no,
    f"write one of {', '.join(SPELLINGS)}, or leave it out.",
    False,
    may_be_empty=False,
)
IMAGE_ROOTS: Variable[Sequence[Path]] = Variable(
    "HONE_IMAGE_ROOTS", _folders, f"name folders that exist, separated by “{os.pathsep}”.", ()
)
DEVICE = Variable("HONE_DEVICE", _device, "write cpu, mps, cuda, or cuda:1 and so on.", None)

VARIABLES: dict[str, Variable[Any]] = {
    one.name: one for one in (POOL, PROJECT, HOME, DATABASE_URL, LOGIN, IMAGE_ROOTS, DEVICE)
}

OF_SCRIPTS = ("HONE_TOKEN",)  # which docs/http.md shows, and the shell of a server may have too


def check_environment() -> None:
    """Raise SettingError if a variable is not understood, or if one of Hone's names is misspelled.

    A misspelled name would be passed over, and what it should switch on would stay off.
    """
    for name in sorted(os.environ):
        if not name.upper().startswith("HONE_") or name in {*VARIABLES, *OF_SCRIPTS}:
            continue
        near = difflib.get_close_matches(name.upper(), VARIABLES, 1, 0.7)
        hint = f"did you mean {near[0]}?" if near else f"there are {listed(list(VARIABLES))}."
        raise SettingError(f"{name} is no setting of Hone; {hint}")
    for one in VARIABLES.values():
        one.value()
