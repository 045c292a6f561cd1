"""Files that strangers have made are read, or refused with a reason; nothing else happens.

`python -m benchmarks.fuzz` does the same for as long as one likes, guided by branches.
"""

import io
import json
import os
import struct
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.fuzz import NAMES
from benchmarks.fuzz_targets import FORMS, TARGETS
from benchmarks.fuzz_targets import MODES as ODD
from labeling.errors import UnreadableError
from labeling.media.decoders import Decoders
from labeling.media.image import MAX_SIDE
from models.encoders.preprocess import MODES, Framing
from tests import hostile
from tests.children import children, peak_bytes

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
HANG = 5.0  # seconds

few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=list(HealthCheck),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A whole file with some of its bytes overwritten, cut out, doubled or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 5))):
        begin = draw(st.integers(0, len(data)))
        end = begin + draw(st.integers(0, 12))
        match draw(st.sampled_from(("overwrite", "cut", "double", "end"))):
            case "overwrite":
                data[begin:end] = draw(st.binary(max_size=end - begin))
            case "cut":
                del data[begin:end]
            case "double":
                data[begin:begin] = data[begin:end] * draw(st.integers(1, 50))
            case "end":
                del data[begin:]
    return bytes(data)


def read(name: str, data: bytes, folder: Path) -> None:
    begin = time.monotonic()
    TARGETS[name](data, folder)
    assert time.monotonic() - begin < HANG


@pytest.mark.parametrize("name", TARGETS)
def test_a_damaged_file_is_read_or_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    seeds = list(TARGETS[name].seeds(tmp_path))

    @few
    @given(damaged(seeds))
    def ask(data: bytes) -> None:
        read(name, data, tmp_path)

    ask()


@pytest.mark.parametrize("name", TARGETS)
def test_a_whole_file_is_read(name: str, tmp_path: Path) -> None:
    """Else the damaged ones would be refused at the door, whatever their damage."""
    target = TARGETS[name]
    for data in target.seeds(tmp_path):
        (tmp_path / target.name).write_bytes(data)
        target.read(tmp_path / target.name)


# -- images of odd shapes, in a process as the server has them ----------------------------------

SIDES = st.sampled_from((1, 2, 17, 300, 3000, 16_384, 65_536, 200_000, 250_000))
MOST_PIXELS = 20_000_000
MOST_BYTES = 400_000_000  # for these; the process may take more for larger ones
IMAGES = [*(("RGB", form) for form in FORMS), *ODD, ("RGBA", "PNG"), ("RGBA", "TIFF")]
FRAMINGS = [Framing((32, 32), (36, 36), mode) for mode in MODES]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up as Linux tells it")
def test_an_image_of_any_shape_is_shown_or_refused_within_the_memory() -> None:
    """One process for all, which none may end, and whose memory none may fill."""
    with closing(Decoders(1)) as decoders:
        others = children(os.getpid())  # of tests that have shown images before
        decoders.warm_up()
        (process,) = {*children(os.getpid())} - {*others}
        read_some: list[bool] = []

        @few
        @given(st.sampled_from(IMAGES), SIDES, SIDES, st.sampled_from(FRAMINGS))
        def ask(image: tuple[str, str], width: int, height: int, framing: Framing) -> None:
            assume(width * height <= MOST_PIXELS)
            mode, form = image
            try:
                data = hostile.encoded(Image.new(mode, (width, height)), form)
            except (OSError, ValueError, OverflowError, struct.error):
                reject()  # the format has no such sides
            try:
                assert decoders.frame(lambda: data, "image", "it", framing).shape == (32, 32, 3)
                assert decoders.preview(lambda: data, "image", "it", "view")[8:12] == b"WEBP"
                read_some.append(True)
            except UnreadableError as error:
                assert max(width, height) > MAX_SIDE and "no side" in str(error), (
                    str(error),
                    image,
                )

        ask()
        assert len(read_some) > EXAMPLES / 4
        assert process in children(os.getpid()) and peak_bytes(process) < MOST_BYTES


ENDINGS = st.sampled_from((".png", "/../a.jpg", "", "9" * 5000 + ".png"))
ENTRIES = st.tuples(st.text(max_size=30), ENDINGS).map("".join)


@few
@given(names=st.lists(ENTRIES, max_size=6, unique=True))
def test_a_zip_of_any_names_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    image, buffer = next(TARGETS["image"].seeds(folder)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo("x")
            entry.filename = name  # as it is, with what ZipInfo would cut off
            archive.writestr(entry, image)
    read("zip", buffer.getvalue(), folder)


@pytest.mark.parametrize("name", ["manifest", "truth", "labels", "classes"])
def test_a_table_of_any_cells_is_read_or_refused(name: str, tmp_path: Path) -> None:
    columns = next(TARGETS[name].seeds(tmp_path)).split(b"\n")[0]
    cells = st.text(max_size=8) | st.sampled_from(("a.png", "true", "1", "..", "\0", "'=a", "1e9"))
    text = st.lists(st.lists(cells, max_size=20).map(",".join), max_size=6).map("\n".join)

    @few
    @given(text)
    def ask(rows: str) -> None:
        read(name, columns + b"\n" + rows.encode("utf-8", "replace"), tmp_path)

    ask()


@few
@given(key=st.sampled_from(("answered_at", "path", "hone", "version", "other")), value=VALUES)
def test_lines_of_any_json_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    header, row = map(json.loads, next(TARGETS["lines"].seeds(folder)).splitlines())
    for changed in (
        [header | {key: value}, row],
        [header, row | {key: value}],
        [value],
        [header, value],
    ):
        read("lines", "\n".join(map(json.dumps, changed)).encode(), folder)


NAMES_OF_HEADERS = b"""
Host Origin Cookie Content-Length Transfer-Encoding Connection Upgrade Expect Range Accept
Sec-WebSocket-Key Sec-WebSocket-Version Sec-WebSocket-Protocol Sec-WebSocket-Extensions
X-Forwarded-For X-Forwarded-Host Forwarded Authorization Accept-Encoding If-None-Match
Content-Type Sec-Fetch-Site""".split()
ODD_VALUES = b"""
http://[ // [::1 a]:b localhost null * -1 0 5 999999999999999999999 chunked gzip,chunked % %zz
keep-alive,Upgrade websocket h2c 13 a=b;=;; _streamlit_user=2|1:0| bytes=9-1,-1 100-continue
permessage-deflate;server_max_window_bits=99 application/json;charset=\x80 W/" 2|a|b
multipart/form-data;boundary= streamlit,2|a|b|c,x _streamlit_xsrf="\xe9" cross-site""".split()
LONG_VALUES = [b"", b"x" * 9000, b"x" * 30_000]
PATHS = b"""
/ /% /%zz%00 /%ff //a@b:c/ http://[/x * /join/%e9 /_stcore/stream /_stcore/health ?# /leave
/_stcore/upload_file/a/b /media/%2e%2e/x /api/answers /api/status?after=%ff&wait=nan
/auth/login?x=% /api/samples/%00/view?token=% /oauth2callback?code=x&state=%ff
/static/%c0%af""".split()
METHODS = b"GET POST PUT HEAD OPTIONS DELETE TRACE CONNECT".split()
ODD_HEADERS = st.tuples(
    st.sampled_from(NAMES_OF_HEADERS),
    st.sampled_from(ODD_VALUES + LONG_VALUES) | st.binary(max_size=9),
).map(b": ".join)


def test_a_request_with_any_headers_is_answered_or_refused(tmp_path: Path) -> None:
    """Also with some that it has already."""
    whole = st.sampled_from(list(TARGETS["request"].seeds(tmp_path)))
    first = st.none() | st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS))

    @few
    @given(whole, first, st.lists(ODD_HEADERS, max_size=4))
    def ask(whole: bytes, first: tuple[bytes, bytes] | None, more: list[bytes]) -> None:
        line, *rest = whole.split(b"\r\n")
        line = line if first is None else b"%s %s HTTP/1.1" % first
        read("request", b"\r\n".join([line, *more, *rest]), tmp_path)

    ask()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("lines", b"[" * 200_000),
        ("backup", b"[" * 200_000),
        ("labels", b"path," + b"a" * 200_000),
        ("manifest", b"path\n" + b'"' * 200_000),
        ("table", b"text\n" + b'"' * 200_000),
        ("texts", b"[" * 200_000),
    ],
)
def test_what_is_nested_or_long_beyond_all_reason_is_refused(
    name: str, data: bytes, tmp_path: Path
) -> None:
    if name == "backup":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("backup.json", data)
        data = buffer.getvalue()
    read(name, data, tmp_path)


def test_the_longer_fuzzing_knows_all_readers_and_says_what_it_needs() -> None:
    assert tuple(TARGETS) == NAMES
    code = "import sys; sys.modules['atheris'] = None; sys.argv = ['fuzz']\n"
    code += "from benchmarks.fuzz import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "pip install atheris" in done.stderr
