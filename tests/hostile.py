"""Files as an attacker would make them: small on disk, and costly to read."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """An image as a file of that form."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, in a thousand bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def png_with(kind: bytes, megabytes: int) -> bytes:
    """A small PNG whose text or colour profile grows to so many megabytes."""
    growing = zlib.compress(bytes(1_000_000) * megabytes, 9)
    plain = encoded(Image.new("RGB", (20, 20)), "PNG")
    return plain[:33] + chunk(kind, b"k\0\0" + growing) + plain[33:]


def webp_of(side: int) -> bytes:
    """An animated WebP that says it is so large, in ninety bytes."""
    frame = encoded(Image.new("RGB", (2, 2)), "WEBP", lossless=True)[12:]
    size = (side - 1).to_bytes(3, "little")
    animation = (
        bytes(6) + (1).to_bytes(3, "little") * 2 + (100).to_bytes(3, "little") + b"\0" + frame
    )
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0]) + size * 2
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += b"ANMF" + struct.pack("<I", len(animation)) + animation
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_of_passes(side: int, passes: int) -> bytes:
    """A progressive JPEG that repeats its last pass, in some bytes each."""
    data = encoded(Image.new("L", (side, side)), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[last:end] * passes + data[end:]


def overlapping_zip(file: Path, entries: int) -> Path:
    """A zip whose directory names the same compressed bytes again and again (Fifield, 2019)."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0000.png", bytes(10_000_000))
    data = file.read_bytes()
    begin = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    one = data[begin:end]
    names = (one.replace(b"0000.png", b"%04d.png" % number) for number in range(entries))
    directory = b"".join(names)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), begin, 0)
    file.write_bytes(data[:begin] + directory + tail)
    return file


def growing_zip(file: Path, entries: int) -> Path:
    """A zip of zeros, ten megabytes in each entry: a thousandfold."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(entries):
            archive.writestr(f"{number}.png", bytes(10_000_000))
    return file
