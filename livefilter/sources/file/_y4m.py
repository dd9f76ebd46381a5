"""The first line of YUV4MPEG2, in the form that FFmpeg understands."""

from __future__ import annotations

from livefilter.errors import SourceError

MAGIC = b"YUV4MPEG2"
MAX_HEADER_BYTES = 4096
_MIXED_FIELDS = b"Im"
_KNOWN_CHROMA = (b"mono", b"420", b"411", b"422", b"444")
_MAX_SIDE_PX = 32767
_MAX_FFMPEG_BYTES = 96


def canonical_header(line: bytes, name: str) -> bytes:
    r"""Return the first line of a YUV4MPEG2 stream without what FFmpeg refuses; the same line if it refuses nothing.

    It refuses long comments (tags that begin with X), and frames that are interlaced only in part.

    Args:
        line: The line.
        name: Name of the stream in messages.

    Raises:
        SourceError: The line names no width or height, or a colour space that FFmpeg does not know.

    Example:
        >>> canonical_header(b"YUV4MPEG2 W320 H240 F30000:1001 Im C420jpeg XCOMMENT=from-a-tool\r\n", "-")
        b'YUV4MPEG2 W320 H240 F30000:1001 It C420jpeg\n'
    """
    tags = line.split()[1:]
    sides = {tag[:1]: tag[1:] for tag in tags}
    found = line[:80].decode("ascii", errors="replace")
    if not all(sides.get(side, b"").isdigit() and 0 < int(sides[side]) <= _MAX_SIDE_PX for side in (b"W", b"H")):
        raise SourceError(f"{name}: the first line must hold width and height (W320 H240), found {found!r}")
    if not sides.get(b"C", b"420").startswith(_KNOWN_CHROMA):
        raise SourceError(f"{name}: the first line has an unknown colour space, found {found!r}; use -pix_fmt yuv420p")
    if len(line) <= _MAX_FFMPEG_BYTES and _MIXED_FIELDS not in tags:
        return line
    kept = [tag for tag in tags if not tag.startswith(b"X") or tag.startswith(b"XCOLORRANGE=")]
    return b" ".join([MAGIC, *(b"It" if tag == _MIXED_FIELDS else tag for tag in kept)]) + b"\n"
