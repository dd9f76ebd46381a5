"""What Linux's video driver interface (V4L2) tells of a camera: its name, and the formats, sizes and rates it offers.

Asked by the ioctls of linux/videodev2.h, whose structures are laid out here as ``struct`` reads them. Nothing is set,
so a camera that another program uses can be asked too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

Ioctl = Callable[[int, int, bytearray], object]
"""As fcntl.ioctl: (descriptor, request, buffer, which it fills). It raises OSError."""

_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sII12x")
_SIZE = struct.Struct("=III6I8x")
_INTERVAL = struct.Struct("=5I6I8x")


def _request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return an ioctl's code, as the macros _IOR (direction 2) and _IOWR (3) of linux/ioctl.h make it."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(2, 0, _CAPABILITY)
_ENUM_FMT = _request(3, 2, _FORMAT)
_ENUM_FRAMESIZES = _request(3, 74, _SIZE)
_ENUM_FRAMEINTERVALS = _request(3, 75, _INTERVAL)

_HAS_DEVICE_CAPABILITIES = 0x8000_0000
_CAPTURES = {0x0000_0001: 1, 0x0000_1000: 9}
"""A capability to capture, and the type of its buffers: in one plane, in several."""
_DISCRETE = 1
_MOST = 1000
"""A driver that goes on counting for ever is broken."""


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
class Described:
    """What a capture device tells of itself: its name, its driver, where it is plugged in, and what it offers."""

    name: str
    driver: str
    bus: str
    modes: tuple[Mode, ...]


def describe(descriptor: int, ioctl: Ioctl) -> Described | None:
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
    return Described(_text(card), _text(driver), _text(bus), tuple(modes))


def _modes(descriptor: int, ioctl: Ioctl, buffer_type: int) -> Iterator[Mode]:
    for answer in _listed(descriptor, ioctl, _ENUM_FMT, _FORMAT, buffer_type):
        code = answer[4]
        letters = code.to_bytes(4, "little").decode("latin-1").rstrip()
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


def _text(padded: bytes) -> str:
    return padded.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()
