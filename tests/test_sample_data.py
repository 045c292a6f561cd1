"""The sample data is whole, free of duplicates, and what its script makes."""

import csv
import hashlib
import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, ImageChops

from labeling.pool.opening import open_source
from labeling.pool.scan import scan
from labeling.simulation.ground_truth import read_truth

SAMPLE_DATA = Path(__file__).parents[1] / "sample_data"
EMOJI = SAMPLE_DATA / "emoji"
SCRIPT = SAMPLE_DATA / "make_emoji.py"
CLASSES = ["animal", "clothing", "face", "food", "person", "place", "vehicle"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_emoji", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (EMOJI / "labels.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == ["path", "label"]
        return list(reader)


def installed_emoji_test(script: ModuleType) -> Path:
    path: Path = script.DEFAULT_EMOJI_TEST
    if not path.is_file():
        pytest.skip(f"{path} is absent: Debian package unicode-data is not installed")
    return path


def installed_font(script: ModuleType) -> Path:
    path: Path = script.DEFAULT_FONT
    if not path.is_file():
        pytest.skip(f"{path} is absent: Debian package fonts-noto-color-emoji is not installed")
    return path


def run_script(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *args], capture_output=True, text=True, check=False
    )


def same_pixels(left: Path, right: Path) -> bool:
    with Image.open(left) as a, Image.open(right) as b:
        return a.size == b.size and ImageChops.difference(a, b).getbbox() is None


def test_every_image_is_a_96_by_96_rgb_png_with_a_picture_on_it() -> None:
    images = sorted((EMOJI / "images").iterdir())
    assert images
    for path in images:
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.size, image.mode) == ("PNG", (96, 96), "RGB"), path.name
            white = image.convert("L").histogram()[255]
            assert white < 0.95 * 96 * 96, f"{path.name} is almost blank"
            assert image.getpixel((0, 0)) == (255, 255, 255), path.name


def test_the_labels_name_exactly_the_images(rows: list[dict[str, str]]) -> None:
    labeled = [row["path"] for row in rows]
    assert len(labeled) == len(set(labeled))
    on_disk = {path.relative_to(EMOJI).as_posix() for path in (EMOJI / "images").iterdir()}
    assert set(labeled) == on_disk


def test_the_classes_are_seven_in_alphabetical_order(rows: list[dict[str, str]]) -> None:
    assert (EMOJI / "classes.txt").read_text(encoding="utf-8").split("\n") == [*CLASSES, ""]
    assert sorted({row["label"] for row in rows}) == CLASSES


def test_the_readme_gives_the_true_count_of_every_class(rows: list[dict[str, str]]) -> None:
    readme = (SAMPLE_DATA / "README.md").read_text(encoding="utf-8")
    counts = Counter(row["label"] for row in rows)
    for name in CLASSES:
        assert f"| {name} | {counts[name]} |" in readme, name
    assert f"| all | {len(rows)} |" in readme


def test_the_names_of_the_images_do_not_tell_the_class() -> None:
    for path in (EMOJI / "images").iterdir():
        assert path.suffix == ".png"
        assert f"{int(path.stem, 16):04x}" == path.stem


def test_no_two_images_are_identical() -> None:
    first: dict[str, str] = {}
    for path in sorted((EMOJI / "images").iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert first.setdefault(digest, path.name) == path.name


def test_the_sample_is_smaller_than_five_megabytes() -> None:
    size = sum(path.stat().st_size for path in EMOJI.rglob("*") if path.is_file())
    assert 0 < size < 5_000_000


def test_both_licences_are_beside_the_images() -> None:
    text = (EMOJI / "LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "UNICODE, INC. LICENSE AGREEMENT" in text


def test_the_unicode_list_gives_the_committed_labels(script: ModuleType) -> None:
    labels = script.read_labels(installed_emoji_test(script))
    assert script.labels_csv(labels) == (EMOJI / "labels.csv").read_bytes().decode()


def test_the_script_makes_the_committed_sample_again(script: ModuleType, tmp_path: Path) -> None:
    font, emoji_test = installed_font(script), installed_emoji_test(script)
    done = run_script("--font", str(font), "--emoji-test", str(emoji_test), "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("labels.csv", "classes.txt"):
        assert (tmp_path / name).read_bytes() == (EMOJI / name).read_bytes()
    if hashlib.sha256(font.read_bytes()).hexdigest() != script.FONT_SHA256:
        pytest.skip(f"{font} is another version of the font: its pictures may differ")
    # Pixels, not bytes: another build of Pillow may bring another zlib.
    for path in (EMOJI / "images").iterdir():
        assert same_pixels(path, tmp_path / "images" / path.name), path.name


def test_an_emoji_drawn_twice_is_the_same_file(script: ModuleType) -> None:
    path = installed_font(script)
    twice = [script.encode(script.render(script.open_font(path), 0x1F40B)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_an_emoji_that_the_font_lacks_is_an_error_and_not_a_blank_image(
    script: ModuleType,
) -> None:
    font = script.open_font(installed_font(script))
    with pytest.raises(SystemExit, match=r"no picture for U\+E000.*--font"):
        script.render(font, 0xE000)


@pytest.mark.parametrize(
    ("option", "package"),
    [("--font", "fonts-noto-color-emoji"), ("--emoji-test", "unicode-data")],
)
def test_a_missing_source_is_named_with_the_package_that_brings_it(
    option: str, package: str, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    sources = {"--font": str(SCRIPT), "--emoji-test": str(SCRIPT), option: str(absent)}
    done = run_script(*(word for pair in sources.items() for word in pair), "--out", str(tmp_path))
    assert done.returncode == 1
    assert str(absent) in done.stderr
    assert f"apt-get install {package}" in done.stderr
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_not_the_unicode_list_is_refused_with_the_mend(
    script: ModuleType, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("# subgroup: clothing\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"wrong\.txt has no subgroup .*unicode-data"):
        script.read_labels(wrong)


def test_a_file_that_is_not_the_font_is_refused_with_the_mend(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"make_emoji\.py has no bitmap strike.*fonts-noto"):
        script.open_font(SCRIPT)


MESSAGES = SAMPLE_DATA / "messages"


def test_the_messages_are_what_their_script_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = SAMPLE_DATA / "make_messages.py"
    spec = importlib.util.spec_from_file_location("make_messages", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(made, "FOLDER", tmp_path)
    made.main()
    for name in ("messages.csv", "labels.csv", "classes.txt"):
        assert (tmp_path / name).read_bytes() == (MESSAGES / name).read_bytes()
    readme = (SAMPLE_DATA / "README.md").read_text(encoding="utf-8")
    for kind, count in made.COUNTS.items():
        assert f"| {kind} | {count} |" in readme


def test_every_message_is_a_sample_of_its_own_with_a_label() -> None:
    found = list(scan(open_source(MESSAGES / "messages.csv"), {}))
    ids = {one.sample_id for one in found}
    assert len(ids) == len(found) == 460 and None not in ids
    truth = read_truth(open_source(MESSAGES / "messages.csv"))
    assert sorted(truth) == sorted(one.path for one in found)
    assert sorted(set(truth.values())) == (MESSAGES / "classes.txt").read_text().split()
