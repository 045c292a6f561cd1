"""Make the sample data: one 96x96 picture for each single-glyph emoji of seven classes.

    python sample_data/make_emoji.py --font PATH --emoji-test PATH

The result is the same, byte for byte, whenever the font, Pillow and its zlib are the same; the
labels depend on the Unicode list alone. sample_data/README.md says what the files are.
"""

import argparse
import csv
import hashlib
import io
import re
import sys
from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

DEFAULT_FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
DEFAULT_EMOJI_TEST = Path("/usr/share/unicode/emoji/emoji-test.txt")
FONT_SHA256 = "e5899ed38b8ed83e08bd3ac5de09791e9d19d288333a796de1d35ad17396f1ec"

SIDE = 96
# The only bitmap strike of the font: at this size Pillow returns glyphs of 136x128 pixels.
STRIKE = 109
GLYPH_WIDTH, GLYPH_HEIGHT = 136, 128
# Emoji newer than this are left out, so that a newer Unicode list gives the same labels.
NEWEST = (15, 0)

CLASS_OF_SUBGROUP = {
    "animal-mammal": "animal",
    "animal-bird": "animal",
    "animal-amphibian": "animal",
    "animal-reptile": "animal",
    "animal-marine": "animal",
    "animal-bug": "animal",
    # Unicode files these under Smileys, but the picture shows a cat or a monkey.
    "cat-face": "animal",
    "monkey-face": "animal",
    "clothing": "clothing",
    "face-smiling": "face",
    "face-affection": "face",
    "face-tongue": "face",
    "face-hand": "face",
    "face-neutral-skeptical": "face",
    "face-sleepy": "face",
    "face-unwell": "face",
    "face-hat": "face",
    "face-glasses": "face",
    "face-concerned": "face",
    "face-negative": "face",
    "face-costume": "face",
    "food-fruit": "food",
    "food-vegetable": "food",
    "food-prepared": "food",
    "food-asian": "food",
    "food-marine": "food",
    "food-sweet": "food",
    "drink": "food",
    "person": "person",
    "person-gesture": "person",
    "person-role": "person",
    "person-fantasy": "person",
    "person-activity": "person",
    "person-sport": "person",
    "person-resting": "person",
    "person-symbol": "person",
    "family": "person",
    "place-map": "place",
    "place-geographic": "place",
    "place-building": "place",
    "place-religious": "place",
    "place-other": "place",
    "transport-ground": "vehicle",
    "transport-water": "vehicle",
    "transport-air": "vehicle",
}

# In the right subgroup by Unicode, but no person would give the picture the subgroup's class.
LEFT_OUT = {
    0x1F43E: "paw prints",
    0x1F578: "spider web",
    0x1F9A0: "microbe",
    0x1F484: "lipstick",
    0x1F48E: "gem stone",
    0x1FAAD: "folding hand fan",
    0x1FAAE: "hair pick",
    0x1F463: "footprints",
    0x1F310: "globe with meridians",
    0x1F9ED: "compass",
    0x1F9F1: "brick",
    0x1FAA8: "rock",
    0x1FAB5: "wood",
    0x2668: "hot springs sign",
    0x1F488: "barber pole",
    0x1F68F: "bus stop",
    0x1F6E3: "motorway",
    0x1F6E4: "railway track",
    0x1F6E2: "oil drum",
    0x26FD: "fuel pump",
    0x1F6DE: "wheel",
    0x1F6A8: "police car light",
    0x1F6A5: "horizontal traffic light",
    0x1F6A6: "vertical traffic light",
    0x1F6D1: "stop sign",
    0x1F6A7: "construction barrier",
    0x2693: "anchor",
    0x1F6DF: "ring buoy",
    0x1FA82: "parachute",
    0x1F4BA: "seat",
}

# One code point, perhaps with a variation selector: this alone keeps out ZWJ sequences, skin
# tones and flags.
SINGLE_GLYPH = re.compile(
    r"^(?P<code>[0-9A-F]+)(?: FE0F)?\s*; fully-qualified\s*# \S+ E(?P<major>\d+)\.(?P<minor>\d+) "
)


def read_labels(emoji_test: Path) -> dict[int, str]:
    """Return code point -> class for every emoji of the sample, in order of the code points."""
    subgroup = ""
    labels: dict[int, str] = {}
    seen: set[str] = set()
    for line in emoji_test.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("# subgroup: "):
            subgroup = line.removeprefix("# subgroup: ").strip()
            seen.add(subgroup)
            continue
        match = SINGLE_GLYPH.match(line)
        if match is None or subgroup not in CLASS_OF_SUBGROUP:
            continue
        code = int(match["code"], 16)
        if code not in LEFT_OUT and (int(match["major"]), int(match["minor"])) <= NEWEST:
            labels[code] = CLASS_OF_SUBGROUP[subgroup]
    missing = sorted(CLASS_OF_SUBGROUP.keys() - seen)
    if missing:
        raise SystemExit(
            f"{emoji_test} has no subgroup {missing[0]} ({len(missing)} missing). "
            "Give --emoji-test the emoji-test.txt of Unicode Emoji 15.0 or newer "
            "(Debian package: unicode-data)."
        )
    return dict(sorted(labels.items()))


def open_font(path: Path) -> ImageFont.FreeTypeFont:
    """Open the bitmap strike of Noto Color Emoji."""
    try:
        # The basic layout draws the same glyph whether or not libraqm is installed.
        return ImageFont.truetype(path, STRIKE, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise SystemExit(
            f"{path} has no bitmap strike of size {STRIKE} ({error}). Give --font the bitmap "
            "(CBDT) NotoColorEmoji.ttf (Debian package: fonts-noto-color-emoji)."
        ) from error


def render(font: ImageFont.FreeTypeFont, code: int) -> Image.Image:
    """Draw one emoji on white at the side length of the sample."""
    # A square canvas keeps the proportions, and no crop keeps a mouse smaller than its house.
    canvas = Image.new("RGB", (GLYPH_WIDTH, GLYPH_WIDTH), "white")
    top = (GLYPH_WIDTH - GLYPH_HEIGHT) // 2
    ImageDraw.Draw(canvas).text((0, top), chr(code), font=font, embedded_color=True)
    if len(canvas.getcolors(GLYPH_WIDTH * GLYPH_WIDTH) or []) < 2:
        raise SystemExit(
            f"The font has no picture for U+{code:04X}. Give --font a NotoColorEmoji.ttf of "
            "version 2.042 or newer (Debian package: fonts-noto-color-emoji)."
        )
    # Hamming is sharp without the halo of Lanczos, which would also cost a quarter more bytes.
    small = canvas.resize((SIDE, SIDE), Image.Resampling.HAMMING)
    # Rounding the channels by at most two levels of 256 is invisible and saves another quarter.
    return small.point([min(255, (level + 2) // 4 * 4) for level in range(256)] * 3)


def encode(image: Image.Image) -> bytes:
    """Encode as the smallest PNG without metadata."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def image_path(code: int) -> str:
    """Return the path of an emoji's picture, relative to the sample's folder."""
    return f"images/{code:04x}.png"


def labels_csv(labels: dict[int, str]) -> str:
    """Return the text of labels.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label"])
    writer.writerows((image_path(code), label) for code, label in labels.items())
    return text.getvalue()


def make(font_path: Path, emoji_test: Path, out: Path) -> Counter[str]:
    """Write images, labels.csv and classes.txt below `out` and count the classes."""
    labels = read_labels(emoji_test)
    font = open_font(font_path)
    # Everything is made before anything is written, so that an error leaves the old sample whole.
    pictures = {image_path(code): encode(render(font, code)) for code in labels}
    (out / "images").mkdir(parents=True, exist_ok=True)
    for old in (out / "images").glob("*.png"):
        if f"images/{old.name}" not in pictures:
            print(f"left alone, but not part of the sample: {old}", file=sys.stderr)
    for name, data in pictures.items():
        (out / name).write_bytes(data)
    (out / "labels.csv").write_text(labels_csv(labels), encoding="utf-8", newline="\n")
    classes = "".join(f"{name}\n" for name in sorted(set(labels.values())))
    (out / "classes.txt").write_text(classes, encoding="utf-8", newline="\n")
    return Counter(labels.values())


def main() -> None:
    """Parse the command line, check the two sources and make the sample."""
    parser = argparse.ArgumentParser(description="Make the emoji sample data.")
    parser.add_argument("--font", type=Path, default=DEFAULT_FONT)
    parser.add_argument("--emoji-test", type=Path, default=DEFAULT_EMOJI_TEST)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "emoji")
    args = parser.parse_args()
    for path, option, package in (
        (args.font, "--font", "fonts-noto-color-emoji"),
        (args.emoji_test, "--emoji-test", "unicode-data"),
    ):
        if not path.is_file():
            raise SystemExit(
                f"{path} does not exist. Install the Debian package {package} "
                f"(apt-get install {package}) or give {option} PATH."
            )
    if hashlib.sha256(args.font.read_bytes()).hexdigest() != FONT_SHA256:
        print(
            f"note: {args.font} is not the font the committed images were drawn with "
            "(version 2.042); the pictures may differ.",
            file=sys.stderr,
        )
    counts = make(args.font, args.emoji_test, args.out)
    for name, count in sorted(counts.items()):
        print(f"{name:10}{count:4}")
    print(f"{'all':10}{counts.total():4}")


if __name__ == "__main__":
    main()
