"""Formats of export: one module each, and FORMATS that lists them."""

from collections.abc import Callable
from dataclasses import dataclass

from labeling.exchange.containers import Container, Written
from labeling.exchange.formats import class_folders, csv, jsonl
from labeling.exchange.records import Contents

Write = Callable[[Contents, Container], Written]


@dataclass(frozen=True)
class Format:
    """One form of export; `suffix` and `media_type` are those of its single-file form.

    `words` say on screen what the export holds. `history` asks for every answer instead of the
    current ones, `images` says that the export holds images, `zipped` that it is always one file. A
    download is one file, so the screen does not offer a form that is only a folder `on_disk`.
    """

    title: str
    words: str
    suffix: str
    media_type: str
    write: Write
    history: bool = False
    images: bool = False
    zipped: bool = False
    on_disk: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format(
        "Labels as CSV",
        "One row for each file: label, annotator, source, confidence, sha256; with the full "
        "list of classes beside it.",
        ".zip",
        "application/zip",
        csv.write,
    ),
    "jsonl": Format(
        "Labels as JSON lines",
        "The same, one JSON object a line; the first line holds the classes.",
        ".jsonl",
        "application/jsonl",
        jsonl.write,
    ),
    "folders": Format(
        "Files in class folders",
        "A copy of every labeled image or text, or a link to it, in a folder of its class.",
        ".zip",
        "application/zip",
        class_folders.write,
        images=True,
        on_disk=True,
    ),
    "folders_zip": Format(
        "Files in class folders, zipped",
        "A copy of every labeled image or text in a folder of its class.",
        ".zip",
        "application/zip",
        class_folders.write,
        images=True,
        zipped=True,
    ),
    "csv_history": Format(
        "Full history as CSV",
        "Every answer ever given: skips, unsure and undos too.",
        ".zip",
        "application/zip",
        csv.write,
        history=True,
    ),
    "jsonl_history": Format(
        "Full history as JSON lines",
        "The same history, one JSON object a line.",
        ".jsonl",
        "application/jsonl",
        jsonl.write,
        history=True,
    ),
}
