"""Names of text encoders: a folder, a repository of transformers, or one of the catalogue."""

import difflib
import os
import re
from pathlib import Path

from models.encoders.catalogue import ENCODERS, catalogue
from models.encoders.errors import BackboneNotFoundError, UnknownBackboneError
from models.encoders.hub import Remote
from models.encoders.weights import Weights, in_folder

LAYOUT = "the layout of transformers"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
BESIDE = ("config.json", "tokenizer.json")
PERHAPS = ("modules.json", "1_Pooling/config.json", "sentence_bert_config.json")


def named(name: str) -> Weights | None:
    """The folder of weights, if the name is its path; else None."""
    folder = Path(name.removeprefix("local-dir:")).expanduser()
    is_path = name.startswith(("local-dir:", "~", ".", os.sep)) or folder.is_dir()
    if not is_path:
        return None
    found = in_folder(folder, "path", f"{folder.name}: taken from the given folder", LAYOUT)
    if not (folder / "tokenizer.json").is_file():
        raise BackboneNotFoundError(
            f"{folder} has no tokenizer.json; save the tokenizer there with transformers"
        )
    return found


def remote(name: str) -> Remote:
    """Where the weights of a catalogue name or a repository lie; raises with similar names."""
    entry = ENCODERS.get(name)
    if entry is not None and entry.medium == "text":
        return Remote(entry.model, beside=BESIDE, perhaps=PERHAPS)
    if REPOSITORY.fullmatch(name):
        return Remote(name, beside=BESIDE, perhaps=PERHAPS)
    ours = list(catalogue("text"))
    near = difflib.get_close_matches(name, ours, 5, 0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"use one of {', '.join(ours)}"
    raise UnknownBackboneError(
        f"{name!r} is no text encoder; {hint}, a repository such as "
        "sentence-transformers/all-MiniLM-L6-v2, or a folder"
    )
