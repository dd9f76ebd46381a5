"""The header of YUV4MPEG2, the format in which video programs pipe frames to each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from livefilter.errors import SourceError

MAGIC = b"YUV4MPEG2"
_CHROMA_DIVISORS = {"420": (2, 2), "422": (1, 2), "411": (1, 4), "440": (2, 1), "444": (1, 1)}


@dataclass(frozen=True, slots=True)
class Y4mHeader:
    """The first line of a YUV4MPEG2 stream.

    Attributes:
        shape: (rows, cols) in pixels.
        rate: Frames per second.
        bits: Bits per sample; more than 8 are stored in two bytes, little-endian.
        is_full_range: Luma runs from 0 (black) to its maximum (white).
        is_interlaced: Each frame consists of two fields.
        pixel_aspect: Width of a pixel divided by its height.
        frame_bytes: Bytes per frame, with its chroma.
    """

    shape: tuple[int, int]
    rate: Fraction
    bits: int
    is_full_range: bool
    is_interlaced: bool
    pixel_aspect: Fraction
    frame_bytes: int


def parse_header(line: bytes) -> Y4mHeader:
    r"""Parse the first line of a YUV4MPEG2 stream.

    Raises:
        SourceError: The line is malformed, or its colour space is unknown.

    Example:
        >>> parse_header(b"YUV4MPEG2 W320 H240 F30000:1001 C420jpeg\n").shape
        (240, 320)
    """
    text = line.decode("ascii", errors="replace").removesuffix("\n")
    tags = {word[0]: word[1:] for word in text.split(" ")[1:] if word and word[0] != "X"}
    extra = [word for word in text.split(" ")[1:] if word.startswith("X")]
    if not (tags.get("W", "").isdecimal() and tags.get("H", "").isdecimal() and int(tags["W"]) and int(tags["H"])):
        raise SourceError(f"standard input: the first line must hold width and height (W320 H240), found {text[:80]!r}")
    rows, cols = int(tags["H"]), int(tags["W"])
    space = tags.get("C", "420")
    bits, chroma_bytes = _layout(space, rows, cols)
    is_gray = space.startswith("mono")
    is_full_range = "XCOLORRANGE=FULL" in extra or (is_gray and "XCOLORRANGE=LIMITED" not in extra)
    return Y4mHeader(
        (rows, cols),
        _ratio(tags.get("F", "")) or Fraction(25),
        bits,
        is_full_range,
        tags.get("I", "p") not in ("p", "?"),
        _ratio(tags.get("A", "")) or Fraction(1),
        rows * cols * (1 if bits == 8 else 2) + chroma_bytes,
    )


def _layout(space: str, rows: int, cols: int) -> tuple[int, int]:
    """Return the bits per sample, and the bytes of all planes except the luma."""
    mono = re.fullmatch(r"mono(9|10|12|14|16)?", space)
    if mono is not None:
        return int(mono[1] or 8), 0
    known = re.fullmatch(r"(420|422|411|440|444)(?:jpeg|mpeg2|paldv|p(9|10|12|14|16)|(alpha))?", space)
    if known is None:
        raise SourceError(f"standard input: the colour space {space[:20]!r} is unknown; use -pix_fmt yuv420p")
    row_divisor, col_divisor = _CHROMA_DIVISORS[known[1]]
    bits = int(known[2] or 8)
    samples = 2 * -(-rows // row_divisor) * -(-cols // col_divisor) + rows * cols * bool(known[3])
    return bits, samples * (1 if bits == 8 else 2)


def _ratio(text: str) -> Fraction | None:
    """Parse a ratio such as 30000:1001; None if it has no positive value."""
    parts = re.fullmatch(r"(\d+):(\d+)", text)
    return Fraction(int(parts[1]), int(parts[2])) if parts and int(parts[1]) and int(parts[2]) else None
