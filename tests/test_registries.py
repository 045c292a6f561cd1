"""Registries: one entry in one dict is all that a new query, head, encoder or format needs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import MutableMapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labeling.api import OPERATIONS
from labeling.api.document import openapi
from labeling.embedding.ingest import Ingest
from labeling.exchange.formats import FORMATS
from labeling.media import MEDIA, medium_of, suffixes
from labeling.media.decoders import ROOT, Decoders
from labeling.project.project import open_project
from labeling.registries import REGISTRIES, listing
from labeling.screens.backbone import encoder_options
from labeling.screens.export import format_options
from labeling.screens.opening import media_help
from labeling.screens.setup import head_options, query_options
from models.encoders.catalogue import ENCODERS
from models.encoders.preprocess import Framing
from models.head import HEADS
from models.queries import QUERIES

WORDS = "A toy that this test registers."
TOYS: dict[str, tuple[MutableMapping[str, Any], str]] = {
    "queries": (QUERIES, "random"),
    "heads": (HEADS, "logistic"),
    "encoders": (ENCODERS, "bundled"),
    "formats": (FORMATS, "csv"),
    "media": (MEDIA, "image"),
}


@pytest.fixture(params=TOYS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind that has a new entry, “toy”."""
    entries, model = TOYS[request.param]
    monkeypatch.setitem(entries, "toy", replace(entries[model], words=WORDS))
    return str(request.param)


REGISTER = """
import json, sys
from dataclasses import replace
from labeling.registries import REGISTRIES
for kind, like in json.loads(sys.argv[1]).items():
    REGISTRIES[kind]["toy"] = replace(REGISTRIES[kind][like], words=sys.argv[2])
from labeling.cli.main import main
main([sys.argv[3], "--help"])
"""


def test_every_kind_is_tried() -> None:
    assert set(TOYS) == set(REGISTRIES)


def test_a_new_entry_is_in_the_api_description(kind: str) -> None:
    document = json.loads(json.dumps(openapi(OPERATIONS)))
    assert f"- toy: {WORDS}" in document["info"]["description"]
    assert listing().count("- toy:") == 1


def help_of(command: str, *kinds: str) -> str:
    """The help of a command where these kinds have a new entry."""
    likes = json.dumps({kind: TOYS[kind][1] for kind in kinds})
    line = [sys.executable, "-c", REGISTER, likes, WORDS, command]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("kind", "command"), [("queries", "simulate"), ("encoders", "embed"), ("formats", "export")]
)
def test_a_new_entry_is_in_the_help(kind: str, command: str) -> None:
    assert re.search(r"\btoy\b", help_of(command, kind))


def test_new_entries_of_all_kinds_are_among_the_choices() -> None:
    shown = re.findall(r"(\w+): [^:]*\btoy\n", help_of("choices", *TOYS))
    assert sorted(shown) == sorted(TOYS)


def test_a_new_encoder_is_offered_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ENCODERS, "toy", replace(ENCODERS["bundled"], words=WORDS, is_bundled=False)
    )
    assert "toy" in encoder_options("image") and "toy" not in encoder_options("text")


@pytest.mark.parametrize("kind", ["queries", "heads", "formats"], indirect=True)
def test_a_new_entry_is_offered_on_the_screen(kind: str) -> None:
    offered: dict[str, Any] = {
        "queries": query_options(), "heads": head_options(), "formats": format_options()
    }[kind]  # fmt: skip
    assert WORDS in offered["toy"]


def test_files_of_a_new_medium_are_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    assert medium_of("a.toy") is None
    toy = replace(MEDIA["image"], suffixes=frozenset({".toy"}))
    monkeypatch.setitem(MEDIA, "toy", toy)
    assert medium_of("a.TOY") == "toy" and medium_of("a.png") == "image"
    assert ".toy" in suffixes() and "- toy: .toy" in media_help()


TOY = """
from dataclasses import replace
from PIL import Image
from labeling.media import MEDIA
MEDIA["toy"] = replace(
    MEDIA["image"],
    frame=lambda data, name, framing: framing(Image.new("RGB", (8, 8), data.decode())),
    preview=lambda data, name, size, context: data.upper(),
)
"""


def test_a_file_of_a_new_medium_is_scanned_here_and_decoded_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = replace(MEDIA["image"], suffixes=frozenset({".toy"}), check=lambda data: None)
    monkeypatch.setitem(MEDIA, "toy", toy)
    (tmp_path / "sitecustomize.py").write_text(TOY)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "a.toy").write_bytes(b"red")
    with (
        closing(Decoders(1)) as decoders,
        closing(open_project(tmp_path / "pool", tmp_path / "project")) as project,
    ):
        monkeypatch.setattr("labeling.project.project.DECODERS", decoders)
        Ingest(project, lambda: None).scan_pool()
        (key,) = project.store.samples.ids()
        (framed,) = project.framed([key], Framing((4, 4), (4, 4)), decoders)
        assert framed.tolist() == [[[255, 0, 0]] * 4] * 4  # type: ignore[union-attr]
        assert project.preview(key, "view") == b"RED"
