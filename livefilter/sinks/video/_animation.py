"""What animations (GIF, APNG) say beyond their frames: how often they play, and how long the last frame stays."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_GIF_LOOP = b"NETSCAPE2.0\x03\x01"
_HEAD_BYTES = 65536
_MAX_16_BITS = 2**16 - 1


def plays_of(path: Path) -> int | None:
    """Return how often an animation plays, 0 for ever; None if the file is no animation, or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    if head.startswith(b"GIF8"):
        at = head.find(_GIF_LOOP)
        if at < 0:
            return 1
        (repeats,) = struct.unpack_from("<H", head + b"\0\0", at + len(_GIF_LOOP))
        return repeats + 1 if repeats else 0
    at = head.find(b"acTL")
    if head.startswith(_PNG) and 0 < at <= len(head) - 12:
        return int(struct.unpack_from(">I", head, at + 8)[0])
    return None


def loop_options(container: str, plays: int) -> dict[str, str]:
    """Return the options of a muxer that let an animation play so many times, 0 for ever."""
    if container == "apng":
        return {"plays": str(min(plays, _MAX_16_BITS))}
    if container == "gif":
        return {"loop": str(min(plays - 1, _MAX_16_BITS) if plays > 1 else -plays)}
    return {}


def set_last_delay(path: Path, delay_s: Fraction) -> None:
    """Set how long the last frame of an APNG stays. FFmpeg's muxer takes the delay of the frame before."""
    number = min(delay_s, Fraction(_MAX_16_BITS)).limit_denominator(_MAX_16_BITS)
    if number.numerator > _MAX_16_BITS:
        number = Fraction(round(number))
    with path.open("r+b") as file:
        at, last = len(_PNG), 0
        file.seek(at)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            last = at if kind == b"fcTL" else last
            at += 12 + length
            file.seek(at)
        if not last:
            return
        file.seek(last + 4)
        chunk = bytearray(file.read(4 + 26))
        struct.pack_into(">HH", chunk, 4 + 20, number.numerator, number.denominator)
        file.seek(last + 4)
        file.write(chunk + struct.pack(">I", zlib.crc32(chunk)))
