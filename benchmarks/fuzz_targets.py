"""What Hone reads from strangers, mostly files: each reader, valid files, its allowed errors.

Any other error of a reader, and every input on which it hangs or needs gigabytes, is a fault.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.fuzz_server import attacked, requests
from labeling.errors import ExportError, HoneError, PoolError, ProjectError, UnreadableError
from labeling.exchange.formats.csv import read_classes, read_csv
from labeling.exchange.formats.jsonl import read_jsonl, to_json
from labeling.exchange.records import Event, Record
from labeling.media import MEDIA
from labeling.media.image import browser_copy, check_header, load_image
from labeling.pool.opening import open_source
from labeling.pool.scan import read_sample, scan
from labeling.project.backup import read_backup
from labeling.simulation.ground_truth import read_truth
from labeling.spreadsheet import to_cell
from models.head.head_file import DamagedHeadError, load_head, save_head
from models.head.linear import LinearHead
from models.space.map_file import DamagedMapError, load_map, save_map
from models.space.pool_map import PoolMap, Recipe
from tests import hostile

FORMS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MODES = (
    ("P", "PNG"), ("P", "GIF"), ("LA", "PNG"), ("1", "TIFF"), ("CMYK", "JPEG"), ("CMYK", "TIFF"),
    ("I;16", "PNG"), ("I;16", "TIFF"), ("F", "TIFF"), ("RGBA", "WEBP"),
)  # fmt: skip
# Width, height, bits and kind: a column, a row, 16 bits of colour, a palette, small but huge.
SHAPES = ((1, 5000), (5000, 1), (40, 30, 16, 2), (40, 30, 16, 6), (40, 30, 8, 3), (4000, 4000, 1))


@dataclass(frozen=True)
class Target:
    """A reader of a file of that name; `raises` are its errors for people."""

    name: str
    read: Callable[[Path], object]
    seeds: Callable[[Path], Iterator[bytes]]
    raises: tuple[type[Exception], ...]

    def __call__(self, data: bytes, folder: Path) -> None:
        """Read one input; raises any error that is not allowed."""
        file = folder / self.name
        file.write_bytes(data)
        with suppress(*self.raises):
            self.read(file)


# -- readers -----------------------------------------------------------------------------------


def _pool(file: Path) -> None:
    """Everything that opening a pool does with it."""
    source = open_source(file)
    for one in scan(source, {}):
        json.dumps(asdict(one), ensure_ascii=False).encode()  # like the database and the screen
        if one.sample_id is not None:
            with suppress(UnreadableError, MemoryError):
                data = read_sample(source, one.sample_id, [one.path])
                MEDIA[source.medium].preview(data, one.path, "view", source.context(one.path))


def _truth(file: Path) -> None:
    read_truth(open_source(file.parent), str(file))


def _image(file: Path) -> None:
    data = file.read_bytes()
    check_header(data)
    load_image(data, "it", least=32)
    browser_copy(data, "it", "thumb")


def _backup(file: Path) -> None:
    with_content = file.parent / "restored"
    read_backup(file, with_content)
    for one in (*with_content.rglob("*.*"),):
        one.unlink()


def _request(file: Path) -> None:
    attacked().send(file.read_bytes())


# -- valid files -------------------------------------------------------------------------------


def _images(_folder: Path) -> Iterator[bytes]:
    picture = Image.radial_gradient("L").resize((24, 16)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in FORMS:
        buffer = io.BytesIO()
        picture.save(buffer, form, exif=exif)
        yield buffer.getvalue()
    for mode, form in MODES:
        yield hostile.encoded(picture.convert(mode), form)
    yield hostile.encoded(picture, "JPEG", progressive=True)
    for shape in SHAPES:
        yield hostile.solid_png(*shape)


def _zips(folder: Path) -> Iterator[bytes]:
    images = list(islice(_images(folder), 3))
    named = {f"cat {number}/a{number}.png": data for number, data in enumerate(images)}
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield _zip(named, kind)
        if kind != zipfile.ZIP_STORED:
            yield hostile.lying_zip(folder / "lying.zip", "a.png", 1, 100, kind).read_bytes()
    yield _zip({"inner.zip": _zip(named), "inner.png": _zip(named), "a.png": images[0]})
    yield _zip({f"{number}.png": b"" for number in range(100)})


def _zip(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _manifests(folder: Path) -> Iterator[bytes]:
    (folder / "a.png").write_bytes(next(_images(folder)))
    yield "\ufeffpath,label\na.png,cat\n../b.png,dog\nhttp://a/b.png,\n".encode()
    yield b'label,Path\n"x ""y""",a.png\n,\n\n'


def _tables(_folder: Path) -> Iterator[bytes]:
    yield '\ufefftext,label\n"two\nlines, and ""more""",cat\n\n=1+1,\n'.encode()
    yield "id\tmessage\n1\tsaid “so” and left\n".encode("utf-16")
    yield "note;n\nGrüße aus Köln, schön war es heute;1\n".encode("latin-1")


def _texts(_folder: Path) -> Iterator[bytes]:
    yield b'{"text": "a few words", "n": 1.5, "label": "cat"}\n'
    yield b'"a text alone"\n{"text": "\\ud800"}\n\n[1]\n'


def _records() -> list[Record]:
    """A label and an undo of it, with every column filled in one of them."""
    shown = (2.5, "human", "dog", 0.5, True, 3, "margin", 0.1, 0.2, 7, datetime.now(UTC), "0" * 64)
    empty = (None,) * 11
    label = Record("c/a.png", "=cat", "label", 1, "ann", *shown)
    undo = Event("b.png", None, "undo", None, "ann", *empty, "1" * 64, 2, "c2", 1)
    return [label, undo]


def _labels(_folder: Path) -> Iterator[bytes]:
    for one in _records():
        rows = [list(vars(one)), [to_cell(value) for value in vars(one).values()]]
        yield "\n".join(",".join(row) for row in rows).encode()


def _classes(_folder: Path) -> Iterator[bytes]:
    yield b"class_id,name,archived,merged_into,description\n1,cat,false,,\n2,'=dog,true,1,x\n"


def _lines(_folder: Path) -> Iterator[bytes]:
    for stem, one in zip(("labels", "history"), _records(), strict=True):
        header = {"hone": stem, "version": 1, "project": "p", "classes": []}
        yield f"{to_json(header)}\n{to_json(vars(one))}\n".encode()


def _heads(folder: Path) -> Iterator[bytes]:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(2, 3)).astype(np.float32)
    head = LinearHead(np.arange(2), weight, np.zeros(2, np.float32), 1.0, 3)
    save_head(folder / "seed.npz", head, np.zeros(3, np.float32))
    yield (folder / "seed.npz").read_bytes()


def _maps(folder: Path) -> Iterator[bytes]:
    rows = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float16)
    for steps in (0, 2):
        pool_map = PoolMap.fit(rows, recipe=Recipe(steps=steps))
        save_map(folder / "seed.npz", pool_map)
        yield (folder / "seed.npz").read_bytes()


def _mapped(file: Path) -> object:
    return load_map(file).transform(np.ones((2, 3)))


def _backups(folder: Path) -> Iterator[bytes]:
    from hashlib import sha256

    files = {"hone.sqlite": b"SQLite format 3\0", "heads/000001-abc.npz": next(_heads(folder))}
    sums = {name: sha256(data).hexdigest() for name, data in files.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("backup.json", json.dumps({"version": 1, "sha256": sums}))
    yield buffer.getvalue()


def _requests(_folder: Path) -> Iterator[bytes]:
    attacked()  # before any limit of this process, which it would inherit
    yield from requests()


TARGETS = {
    "zip": Target("pool.zip", _pool, _zips, (PoolError,)),
    "manifest": Target("pool.csv", _pool, _manifests, (PoolError,)),
    "table": Target("pool.csv", _pool, _tables, (PoolError,)),
    "texts": Target("pool.jsonl", _pool, _texts, (PoolError,)),
    "truth": Target("truth.csv", _truth, _manifests, (HoneError,)),
    "labels": Target("labels.csv", read_csv, _labels, (ExportError,)),
    "classes": Target("classes.csv", read_classes, _classes, (ExportError,)),
    "lines": Target("labels.jsonl", read_jsonl, _lines, (ExportError,)),
    "head": Target("head.npz", load_head, _heads, (DamagedHeadError,)),
    "map": Target("map.npz", _mapped, _maps, (DamagedMapError,)),
    "backup": Target("backup.zip", _backup, _backups, (ProjectError,)),
    # A process that decodes goes on after a MemoryError, and names it as the reason.
    "image": Target("image", _image, _images, (UnreadableError, MemoryError)),
    # Not a file: what a stranger sends to a running server.
    "request": Target("request", _request, _requests, ()),
}
