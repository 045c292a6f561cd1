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


def solid_png(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    """A whole PNG of zeros; `colour` is 0 for grey, 2 for RGB, 3 for a palette, 6 for RGBA."""
    row = bytes(1 + (width * depth * {0: 1, 2: 3, 3: 1, 6: 4}[colour] + 7) // 8)
    packer, rows = zlib.compressobj(1), max(1, 10_000_000 // len(row))
    packed = [packer.compress(row * min(rows, height - top)) for top in range(0, height, rows)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(3))) if colour == 3 else b""
    pixels = chunk(b"IDAT", b"".join([*packed, packer.flush()]))
    whole = chunk(b"IHDR", header) + palette + pixels + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + whole


def tiled_tiff(side: int) -> bytes:
    """A TIFF of 100 × 100 pixels in one tile of so many, in some hundred bytes."""
    tile = zlib.compress(bytes(10_000))
    tags = {256: 100, 257: 100, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side}
    tags |= {324: 8, 325: len(tile)}  # where the tile is, and how long
    rows = b"".join(struct.pack("<HHII", key, 4, 1, value) for key, value in sorted(tags.items()))
    directory = struct.pack("<H", len(tags)) + rows + bytes(4)
    return struct.pack("<2sHI", b"II", 42, 8 + len(tile)) + tile + directory


def lying_zip(file: Path, name: str, megabytes: int, says: int, method: int) -> Path:
    """A zip with an entry of zeros that says it is as small as `says` bytes."""
    with zipfile.ZipFile(file, "w", method) as archive, archive.open(name, "w") as entry:
        for _ in range(megabytes):
            entry.write(bytes(1_000_000))
    data = bytearray(file.read_bytes())
    for mark, sum_at, size_at in ((b"PK\x03\x04", 14, 22), (b"PK\x01\x02", 16, 24)):
        begin = data.rindex(mark)
        data[begin + sum_at : begin + sum_at + 4] = zlib.crc32(bytes(says)).to_bytes(4, "little")
        data[begin + size_at : begin + size_at + 4] = says.to_bytes(4, "little")
    file.write_bytes(data)
    return file


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
