"""True labels of a pool, by path: from a CSV, a manifest or class folders; and the digits."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from labeling.errors import HoneError
from labeling.paths import home
from labeling.pool.manifest import ManifestSource
from labeling.pool.source import Source
from labeling.pool.table import TableSource
from labeling.project.project import Project

FOLDERS = "folders"
DIGITS = "digits"


def read_truth(source: Source, truth: str | None = None) -> dict[str, str]:
    """Class names by path.

    `truth` is a CSV with the columns path and label, or "folders" for the name of a file's
    folder. By default it is the pool's own column of labels, or the `labels.csv` beside it.
    """
    place = source.location
    beside = (place if place.is_dir() else place.parent) / "labels.csv"
    if truth is None and not _has_own(source):
        if not beside.is_file():
            raise HoneError(
                f"There is no {beside} with the true labels; "
                f"name a CSV with --truth, or use --truth {FOLDERS}."
            )
        truth = str(beside)
    given = source if truth in (None, FOLDERS) else ManifestSource(Path(str(truth)).expanduser())
    labels = {entry.path: entry.label for entry in given.entries() if entry.label}
    if not labels:
        raise HoneError(f"{truth or source.location} has no true labels; it needs path,label.")
    return labels


def _has_own(source: Source) -> bool:
    """Whether a pool has a column of labels, or may have one."""
    if isinstance(source, TableSource):
        return source.label_column is not None
    return isinstance(source, ManifestSource)


def class_names(project: Project, truth: Mapping[str, str]) -> dict[str, str]:
    """The true class name of every sample of a scanned project, by sample id."""
    samples, found = project.store.samples.many(), {}
    for key in project.store.samples.ids():
        paths = samples[key].paths
        name = next((truth[path] for path in paths if path in truth), None)
        if name is None:
            raise HoneError(
                f"The truth has no label for {paths[0]}; it needs one for every sample of "
                f"{project.source.location}, with the same path."
            )
        found[key] = name
    return found


def is_digits(pool: str | None) -> bool:
    """Whether a pool's name means the digits, and not an existing file."""
    return pool == DIGITS and not Path(DIGITS).exists()


def digits_pool(folder: Path | None = None) -> Path:
    """The folder of scikit-learn's 1,797 handwritten digits as PNG of 8 x 8, made on first use."""
    folder = (folder or home() / "pools") / DIGITS
    if folder.is_dir():
        return folder
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    draft = folder.with_name(f".{DIGITS}-{os.getpid()}")
    try:
        (draft / "images").mkdir(parents=True)
        rows = ["path,label"]
        for index, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            path = f"images/{index:04d}.png"
            grey = (pixels * (255 / 16)).round().astype("uint8")
            Image.fromarray(grey).save(draft / path)
            rows.append(f"{path},{label}")
        (draft / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (draft / "classes.txt").write_text("\n".join("0123456789") + "\n", encoding="utf-8")
        os.replace(draft, folder)  # complete or not at all
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
