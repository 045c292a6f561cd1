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

    `history` asks for every answer instead of the current ones, `images` says that the export
    holds images, `zipped` that it is one file always.
    """

    title: str
    suffix: str
    media_type: str
    write: Write
    history: bool = False
    images: bool = False
    zipped: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format("Labels as CSV", ".zip", "application/zip", csv.write),
    "csv_history": Format(
        "Full history as CSV", ".zip", "application/zip", csv.write, history=True
    ),
    "jsonl": Format("Labels as JSON lines", ".jsonl", "application/jsonl", jsonl.write),
    "jsonl_history": Format(
        "Full history as JSON lines", ".jsonl", "application/jsonl", jsonl.write, history=True
    ),
    "folders": Format(
        "Images in class folders", ".zip", "application/zip", class_folders.write, images=True
    ),
    "folders_zip": Format(
        "Images in class folders, zipped",
        ".zip",
        "application/zip",
        class_folders.write,
        images=True,
        zipped=True,
    ),
}
