"""Capabilities of cameras from Linux's video driver interface (V4L2): name, formats, sizes and rates.

The ioctls are those of linux/videodev2.h, with its structures laid out for ``struct``. They change nothing, and thus
also work on a camera that another program uses.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

Ioctl = Callable[[int, int, bytearray], object]
"""Like fcntl.ioctl: (descriptor, request, buffer to fill). It raises OSError."""

_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sII12x")
_SIZE = struct.Struct("=III6I8x")
_INTERVAL = struct.Struct("=5I6I8x")
_PICTURE = struct.Struct("@I0P6I176x")
"""Padded as in C: the pixel format is a member of a union, and other members hold pointers."""


def _request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return an ioctl's code, like the macros _IOR (direction 2) and _IOWR (3) of linux/ioctl.h."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(2, 0, _CAPABILITY)
_ENUM_FMT = _request(3, 2, _FORMAT)
_G_FMT = _request(3, 4, _PICTURE)
_ENUM_FRAMESIZES = _request(3, 74, _SIZE)
_ENUM_FRAMEINTERVALS = _request(3, 75, _INTERVAL)

_HAS_DEVICE_CAPABILITIES = 0x8000_0000
_CAPTURES = {0x0000_0001: 1, 0x0000_1000: 9}
"""Capabilities to capture, and their buffer types: single-planar, multi-planar."""
_DISCRETE = 1
_MAX_ENTRIES = 1000
"""Longest list that is read: a broken driver counts for ever."""
_BYTES = {"GREY": 1, "YUYV": 2, "UYVY": 2, "NV12": 1, "NV21": 1, "YU12": 1, "YV12": 1, "Y16": 2, "BGR3": 3, "RGB3": 3}
"""Bytes per pixel in the first plane, by format."""
WITH_LUMA = {*_BYTES, "MJPG", "JPEG", "Y12", "Y10"} - {"BGR3", "RGB3"}
"""Formats with a luma plane, or that decode to one."""
WITHOUT_COLORS = {"GREY", "Y16", "Y12", "Y10"}
_READ_BY_OPENCV = {*_BYTES, *WITH_LUMA, "411P", "BA81", "GBRG", "GRBG", "XR24", "AR24", "S910"}
_FORMATS_BY_COST = ("GREY", "YUYV", "UYVY", "NV12", "YU12", "YV12", "MJPG")
"""Formats that convert to gray at little cost, cheapest first; the last one must be decoded."""
_DEFAULT_SIZE = (480, 640)
_DEFAULT_RATE = 30
_RATE_TOLERANCE = 0.95
"""Share of a requested rate that counts as reached: 29.97 is as good as 30."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A format and size that a camera offers, with its rates.

    Attributes:
        format: Four letters, as ``fourcc`` takes them.
        size: (rows, cols).
        largest: (rows, cols) of the largest size, if sizes range in steps; None if ``size`` is the only one.
        rates: Frames per second, fastest first; the two ends of a range.
    """

    format: str
    size: tuple[int, int]
    largest: tuple[int, int] | None
    rates: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a capture device reports: its name, its driver, the bus it is plugged into, and its modes."""

    name: str
    driver: str
    bus: str
    modes: tuple[Mode, ...]


def describe(descriptor: int, ioctl: Ioctl) -> Capabilities | None:
    """Query the capabilities of an open device.

    Args:
        descriptor: File descriptor of an open /dev/video device.
        ioctl: fcntl.ioctl, or a substitute.

    Returns:
        None if it captures no frames: most cameras have a second device for metadata.

    Raises:
        OSError: The device is not a V4L2 device.
    """
    buffer = bytearray(_CAPABILITY.size)
    ioctl(descriptor, _QUERYCAP, buffer)
    driver, card, bus, _, whole, own = _CAPABILITY.unpack(buffer)
    capabilities = own if whole & _HAS_DEVICE_CAPABILITIES else whole
    types = [type_ for bit, type_ in _CAPTURES.items() if capabilities & bit]
    if not types:
        return None
    modes = (mode for type_ in types for mode in _modes(descriptor, ioctl, type_))
    return Capabilities(_text(card), _text(driver), _text(bus), tuple(modes))


def stride_padding(descriptor: int, ioctl: Ioctl) -> int:
    """Return the number of padding bytes after each row of the frames that an open device sends now.

    Raises:
        OSError: The driver does not report it.
    """
    buffer = bytearray(_PICTURE.size)
    _PICTURE.pack_into(buffer, 0, 1, *[0] * 6)
    ioctl(descriptor, _G_FMT, buffer)
    _, cols, _, code, _, row_bytes, _ = _PICTURE.unpack(buffer)
    pixel_bytes = _BYTES.get(_letters(code))
    return 0 if pixel_bytes is None else max(0, int(row_bytes - cols * pixel_bytes))


def choose_format(modes: Sequence[Mode], size: tuple[int, int] | None, rate: Fraction | None) -> str | None:
    """Return the cheapest format in which a camera reaches a size and rate, or else the fastest format.

    Many cameras deliver large frames at only a few frames per second, except as JPEG.

    Args:
        modes: Modes of the camera.
        size: (rows, cols); None for OpenCV's default, 640x480.
        rate: Frames per second to reach; 30 if None.

    Returns:
        Four letters, or None if the camera does not offer the size in a known format.
    """
    enough = float(rate or _DEFAULT_RATE) * _RATE_TOLERANCE
    speeds: dict[str, float] = {}
    for mode in modes:
        if mode.format in _FORMATS_BY_COST and _has(mode, size or _DEFAULT_SIZE):
            speed = min(enough, float(max(mode.rates, default=enough)))
            speeds[mode.format] = max(speed, speeds.get(mode.format, 0))
    return max(sorted(speeds, key=_FORMATS_BY_COST.index), key=speeds.__getitem__, default=None)


def unreadable(modes: Sequence[Mode], fourcc: str | None) -> str | None:
    """Return why OpenCV cannot read the requested format, or any format of a camera; None if it can.

    Args:
        modes: Modes of the camera; empty if unknown.
        fourcc: The requested format; None leaves the choice to OpenCV.
    """
    offered = list(dict.fromkeys(mode.format for mode in modes))
    readable = [format_ for format_ in offered if format_ in _READ_BY_OPENCV]
    if offered and not readable:
        return f"sends only {' and '.join(offered)}, which OpenCV cannot read from cameras"
    if fourcc in offered and fourcc not in readable:
        return f"sends {fourcc}, but OpenCV cannot read that from cameras; request {' or '.join(readable)}"
    return None


def _has(mode: Mode, size: tuple[int, int]) -> bool:
    sides = zip(mode.size, size, mode.largest or mode.size, strict=True)
    return all(low <= side <= high for low, side, high in sides)


def _modes(descriptor: int, ioctl: Ioctl, buffer_type: int) -> Iterator[Mode]:
    for answer in _listed(descriptor, ioctl, _ENUM_FMT, _FORMAT, buffer_type):
        code = answer[4]
        letters = _letters(code)
        for _, _, kind, *sides in _listed(descriptor, ioctl, _ENUM_FRAMESIZES, _SIZE, code):
            if kind == _DISCRETE:
                cols, rows = sides[:2]
                largest = None
            else:
                cols, largest_cols, _, rows, largest_rows, _ = sides
                largest = (largest_rows, largest_cols)
            yield Mode(letters, (rows, cols), largest, _rates(descriptor, ioctl, code, (rows, cols)))


def _rates(descriptor: int, ioctl: Ioctl, code: int, size: tuple[int, int]) -> tuple[Fraction, ...]:
    rows, cols = size
    rates: set[Fraction] = set()
    for answer in _listed(descriptor, ioctl, _ENUM_FRAMEINTERVALS, _INTERVAL, code, cols, rows):
        kind, values = answer[4], answer[5:]
        intervals = [values[:2]] if kind == _DISCRETE else [values[:2], values[2:4]]
        rates |= {Fraction(below, above) for above, below in intervals if above}
    return tuple(sorted(rates, reverse=True))


def _listed(descriptor: int, ioctl: Ioctl, request: int, layout: struct.Struct, *key: int) -> Iterator[tuple[int, ...]]:
    """Yield the entries of one of the driver's lists, counting up until it has no more."""
    for index in range(_MAX_ENTRIES):
        buffer = bytearray(layout.size)
        struct.pack_into(f"={1 + len(key)}I", buffer, 0, index, *key)
        try:
            ioctl(descriptor, request, buffer)
        except OSError:
            return
        yield layout.unpack(buffer)


def _letters(code: int) -> str:
    return code.to_bytes(4, "little").decode("latin-1").rstrip()


def _text(padded: bytes) -> str:
    return padded.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()
