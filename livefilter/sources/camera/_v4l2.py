"""What Linux's video driver interface (V4L2) tells of a camera: its name, and the formats, sizes and rates it offers.

Asked by the ioctls of linux/videodev2.h, whose structures are laid out here as ``struct`` reads them. Nothing is set,
so a camera that another program uses can be asked too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

Ioctl = Callable[[int, int, bytearray], object]
"""As fcntl.ioctl: (descriptor, request, buffer, which it fills). It raises OSError."""

_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sII12x")
_SIZE = struct.Struct("=III6I8x")
_INTERVAL = struct.Struct("=5I6I8x")
_PICTURE = struct.Struct("@I0P6I176x")
"""Padded as C does: the pictures' format is one of several in its place, of which some hold pointers."""


def _request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return an ioctl's code, as the macros _IOR (direction 2) and _IOWR (3) of linux/ioctl.h make it."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(2, 0, _CAPABILITY)
_ENUM_FMT = _request(3, 2, _FORMAT)
_G_FMT = _request(3, 4, _PICTURE)
_ENUM_FRAMESIZES = _request(3, 74, _SIZE)
_ENUM_FRAMEINTERVALS = _request(3, 75, _INTERVAL)

_HAS_DEVICE_CAPABILITIES = 0x8000_0000
_CAPTURES = {0x0000_0001: 1, 0x0000_1000: 9}
"""A capability to capture, and the type of its buffers: in one plane, in several."""
_DISCRETE = 1
_MOST = 1000
"""A driver that goes on counting for ever is broken."""
_BYTES = {"GREY": 1, "YUYV": 2, "UYVY": 2, "NV12": 1, "NV21": 1, "YU12": 1, "YV12": 1, "Y16": 2, "BGR3": 3, "RGB3": 3}
"""Of a pixel in the first plane."""
WITH_LUMA = {*_BYTES, "MJPG", "JPEG", "Y12", "Y10"} - {"BGR3", "RGB3"}
"""Formats that hold gray as it is, or that one decodes to it."""
_READ_BY_OPENCV = {*_BYTES, *WITH_LUMA, "411P", "BA81", "GBRG", "GRBG", "XR24", "AR24", "S910"}
_SIMPLEST_FIRST = ("GREY", "YUYV", "UYVY", "NV12", "YU12", "YV12", "MJPG")
"""Formats that cost little to make gray of; the last one must be decoded."""
_USUAL_SIZE = (480, 640)
_USUAL_RATE = 30
_NEARLY = 0.95
"""29.97 is as good as 30."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way in which a camera can send pictures.

    Attributes:
        format: Four letters, as ``fourcc`` takes them.
        size: (rows, cols).
        largest: (rows, cols) up to which sizes go in steps; None if there is only this one.
        rates: Frames per second, the fastest first; of a range its two ends.
    """

    format: str
    size: tuple[int, int]
    largest: tuple[int, int] | None
    rates: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a capture device tells of itself: its name, its driver, where it is plugged in, and what it offers."""

    name: str
    driver: str
    bus: str
    modes: tuple[Mode, ...]


def describe(descriptor: int, ioctl: Ioctl) -> Capabilities | None:
    """Ask an open device what it is.

    Args:
        descriptor: Of an open /dev/video device.
        ioctl: fcntl.ioctl, or what stands for it.

    Returns:
        None if it captures no pictures: most cameras have a second device for their metadata.

    Raises:
        OSError: It is no V4L2 device.
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
    """Return how many bytes follow the pixels of each row in the pictures that an open device sends now.

    Raises:
        OSError: It does not say.
    """
    buffer = bytearray(_PICTURE.size)
    _PICTURE.pack_into(buffer, 0, 1, *[0] * 6)
    ioctl(descriptor, _G_FMT, buffer)
    _, cols, _, code, _, row_bytes, _ = _PICTURE.unpack(buffer)
    pixel_bytes = _BYTES.get(_letters(code))
    return 0 if pixel_bytes is None else max(0, int(row_bytes - cols * pixel_bytes))


def choose_format(modes: Sequence[Mode], size: tuple[int, int] | None, rate: Fraction | None) -> str | None:
    """Return the format in which a camera gives a size fast enough, or fastest; the simplest of those.

    Many give large pictures at a few frames per second, but for JPEG.

    Args:
        modes: What it offers.
        size: (rows, cols); 640x480 if None, as OpenCV asks for.
        rate: Frames per second that are enough; 30 if None.

    Returns:
        Four letters, or None if it does not offer the size in a format that is known here.
    """
    enough = float(rate or _USUAL_RATE) * _NEARLY
    speeds: dict[str, float] = {}
    for mode in modes:
        if mode.format in _SIMPLEST_FIRST and _has(mode, size or _USUAL_SIZE):
            speed = min(enough, float(max(mode.rates, default=enough)))
            speeds[mode.format] = max(speed, speeds.get(mode.format, 0))
    return max(sorted(speeds, key=_SIMPLEST_FIRST.index), key=speeds.__getitem__, default=None)


def unreadable(modes: Sequence[Mode], fourcc: str | None) -> str | None:
    """Return why OpenCV cannot read pictures in the format that is asked for, or in any that a camera offers.

    Args:
        modes: What it offers; where that is nothing, nothing is known.
        fourcc: What is asked for; None leaves it to OpenCV.
    """
    offered = list(dict.fromkeys(mode.format for mode in modes))
    readable = [one for one in offered if one in _READ_BY_OPENCV]
    if offered and not readable:
        return f"sends only {' and '.join(offered)}, which OpenCV does not read from cameras"
    if fourcc in offered and fourcc not in readable:
        return f"sends {fourcc}, but OpenCV does not read that from cameras; ask for {' or '.join(readable)}"
    return None


def _has(mode: Mode, size: tuple[int, int]) -> bool:
    sides = zip(mode.size, size, mode.largest or mode.size, strict=True)
    return all(least <= side <= most for least, side, most in sides)


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
    """Yield the answers to one question, by an index that counts up until the driver has no more."""
    for index in range(_MOST):
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
