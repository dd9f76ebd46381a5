"""Decoding of image files, also of those that hold several images or transparent parts, through OpenCV."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Pixels
from livefilter.sources._background import blend, parse_color

Encoded = NDArray[np.uint8]

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DEFLATE_RATIO = 1032
"""Largest compression ratio of deflate."""
_PNG_ALPHA = (4, 6)
"""PNG's color types with an alpha channel."""
_WEBP_ANIMATION = 0x02
"""The bit of an extended WebP's flags that says that it is animated."""
_OPAQUE = 255
_CHUNK_BYTES = 2**27
"""An animation is decoded in parts of about this size: OpenCV returns all frames of a part at once."""
_PLAYERS_DELAY_MS = 100
"""Browsers show a frame without a duration for so long."""


@dataclass(frozen=True, slots=True)
class ImageDecoder:
    """Decodes image files as gray or BGR pixels, transparent parts in front of a color.

    Attributes:
        is_coloured: Return BGR, uint8 of shape (rows, cols, 3), instead of gray of shape (rows, cols).
        background: Name of the color behind transparent parts.
    """

    is_coloured: bool
    background: str

    def decode(self, encoded: Encoded) -> tuple[Pixels | None, bool]:
        """Return the first image of a file, None if it cannot be decoded, and whether it has transparent parts."""
        if not encoded.size or _declares_too_many_rows(encoded):
            return None, False
        try:
            if _may_be_transparent(encoded):
                composed = self._composed(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))
                if composed is not None:
                    return composed, True
            image = cv2.imdecode(encoded, self._flags)
        except cv2.error:  # OpenCV raises if a header declares more pixels than its limit.
            return None, False
        return None if image is None else np.asarray(image, dtype=np.uint8), False

    def decode_all(self, encoded: Encoded) -> Iterator[tuple[Pixels, Fraction | None, bool]]:
        """Yield every image of a file with its duration in seconds, and whether it has transparent parts.

        Pages of a TIFF have no durations. Those of another size than the first, such as thumbnails, are left out.
        """
        if encoded[:4].tobytes() in _TIFF:
            yield from self._pages(encoded)
            return
        first, _ = self.decode(encoded)
        step = max(1, _CHUNK_BYTES // (4 * first.shape[0] * first.shape[1])) if first is not None else 1
        for start in count(0, step):
            _, part = cv2.imdecodeanimation(encoded, start=start, count=step)
            for image, duration_ms in zip(part.frames, part.durations, strict=True):
                composed = self._composed(image)
                pixels = self._converted(np.asarray(image[..., :3], dtype=np.uint8)) if composed is None else composed
                yield pixels, Fraction(int(duration_ms) or _PLAYERS_DELAY_MS, 1000), composed is not None
            if len(part.frames) < step:
                return

    def _pages(self, encoded: Encoded) -> Iterator[tuple[Pixels, None, bool]]:
        shape: tuple[int, ...] | None = None
        for number in count():
            composed = self._composed(_page(encoded, number, cv2.IMREAD_UNCHANGED))
            pixels = _page(encoded, number, self._flags) if composed is None else composed
            if pixels is None:
                return
            shape = shape or pixels.shape
            if pixels.shape == shape:
                yield np.asarray(pixels, dtype=np.uint8), None, composed is not None

    @property
    def _flags(self) -> int:
        return cv2.IMREAD_COLOR if self.is_coloured else cv2.IMREAD_GRAYSCALE

    def _composed(self, image: NDArray[np.generic] | None) -> Pixels | None:
        """Return BGRA pixels of 8 or 16 bits in front of the background; None if none of them is transparent."""
        if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype not in (np.uint8, np.uint16):
            return None
        bgra = np.asarray(image if image.dtype == np.uint8 else image.astype(np.uint16) >> 8, dtype=np.uint8)
        if bgra[..., 3].min() == _OPAQUE:
            return None
        return self._converted(blend(bgra[..., :3], bgra[..., 3], parse_color(self.background)[::-1]))

    def _converted(self, bgr: Pixels) -> Pixels:
        bgr = np.ascontiguousarray(bgr)
        return bgr if self.is_coloured else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _page(encoded: Encoded, number: int, flags: int) -> NDArray[np.generic] | None:
    """Return a page of a TIFF; None if there is no such page, or it cannot be decoded."""
    try:
        _, pages = cv2.imdecodemulti(encoded, flags, range=(number, number + 1))
    except cv2.error:
        return None
    return pages[0] if pages else None


def count_images(encoded: Encoded) -> int | None:
    """Return how many images a file declares: 1 for most, None for several that it does not count."""
    head = encoded[:65536].tobytes()
    if head.startswith(_PNG):
        at = head.find(b"acTL", 0, max(0, head.find(b"IDAT")))
        return max(1, struct.unpack_from(">I", head, at + 4)[0]) if 0 < at <= len(head) - 8 else 1
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
        return None if head[20] & _WEBP_ANIMATION else 1
    if head[:4] in _TIFF:
        return 1 if _page(encoded, 1, cv2.IMREAD_GRAYSCALE) is None else None
    return 1


def _may_be_transparent(encoded: Encoded) -> bool:
    """Return whether a file may have an alpha channel, by its first bytes: decoding tells, but takes as long again."""
    head = encoded[:65536].tobytes()
    if head.startswith(_PNG) and len(head) > 25:
        return head[25] in _PNG_ALPHA or b"tRNS" in head[: max(0, head.find(b"IDAT"))]
    return not head.startswith((b"\xff\xd8", b"P2", b"P3", b"P5", b"P6"))


def _declares_too_many_rows(encoded: Encoded) -> bool:
    """Return whether a PNG's header declares more rows than its bytes can hold, as damaged ones do.

    OpenCV detects that too, but only after it has taken gigabytes and many seconds.
    """
    header = encoded[:24].tobytes()
    if not header.startswith(_PNG) or len(header) < 24:
        return False
    cols, rows = struct.unpack_from(">II", header, 16)
    return bool(rows * (1 + cols // 8) > _DEFLATE_RATIO * encoded.size)
