"""Decoding of image files, also of those that hold several images or transparent parts, through OpenCV."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Color, Pixels
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


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """One image of a file.

    Attributes:
        pixels: uint8, gray of shape (rows, cols) or BGR of shape (rows, cols, 3).
        gray: uint8, shape (rows, cols): the luma of a JPEG, else the gray of the pixels; the same whatever they are.
        is_transparent: Parts of it were transparent.
        duration_s: Display duration in seconds; None if the file declares none.
    """

    pixels: Pixels
    gray: Pixels
    is_transparent: bool = False
    duration_s: Fraction | None = None


@dataclass(slots=True)
class ImageDecoder:
    """Decodes image files as gray or BGR pixels, transparent parts in front of a color.

    Attributes:
        color: "gray", or BGR pixels for "luma" and "rgb"; may be set at any time.
        background: Name of the color behind transparent parts.
    """

    color: Color
    background: str

    def decode(self, encoded: Encoded) -> DecodedImage | None:
        """Return the first image of a file; None if it cannot be decoded."""
        if not encoded.size or _declares_too_many_rows(encoded):
            return None
        try:
            if _may_be_transparent(encoded):
                composed = self._composed(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))
                if composed is not None:
                    return composed
            return self._decoded(lambda flags: cv2.imdecode(encoded, flags))
        except cv2.error:  # OpenCV raises if a header declares more pixels than its limit.
            return None

    def decode_all(self, encoded: Encoded) -> Iterator[DecodedImage]:
        """Yield every image of a file.

        Pages of a TIFF have no durations. Those of another size than the first, such as thumbnails, are left out.
        """
        if encoded[:4].tobytes() in _TIFF:
            yield from self._pages(encoded)
            return
        first = self.decode(encoded)
        step = 1 if first is None else max(1, _CHUNK_BYTES // (4 * first.gray.size))
        for start in count(0, step):
            _, part = cv2.imdecodeanimation(encoded, start=start, count=step)
            for image, duration_ms in zip(part.frames, part.durations, strict=True):
                shown = self._composed(image) or self._converted(np.asarray(image[..., :3], dtype=np.uint8))
                yield replace(shown, duration_s=Fraction(int(duration_ms) or _PLAYERS_DELAY_MS, 1000))
            if len(part.frames) < step:
                return

    def _pages(self, encoded: Encoded) -> Iterator[DecodedImage]:
        shape: tuple[int, ...] | None = None
        for number in count():
            page = self._composed(_page(encoded, number, cv2.IMREAD_UNCHANGED))
            page = page or self._decoded(partial(_page, encoded, number))
            if page is None:
                return
            shape = shape or page.gray.shape
            if page.gray.shape == shape:
                yield page

    def _decoded(self, decode: Callable[[int], NDArray[np.generic] | None]) -> DecodedImage | None:
        """Decode an image without transparent parts; a function decodes it for one of OpenCV's flags."""
        decoded = decode(cv2.IMREAD_GRAYSCALE)
        if decoded is None:
            return None
        gray = np.asarray(decoded, dtype=np.uint8)
        # Decoded twice: no conversion of BGR gives the luma of a JPEG, nor the rounding of each decoder.
        coloured = None if self.color == "gray" else decode(cv2.IMREAD_COLOR)
        return DecodedImage(gray if coloured is None else np.asarray(coloured, dtype=np.uint8), gray)

    def _composed(self, image: NDArray[np.generic] | None) -> DecodedImage | None:
        """Return BGRA pixels of 8 or 16 bits in front of the background; None if none of them is transparent."""
        if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype not in (np.uint8, np.uint16):
            return None
        bgra = np.asarray(image if image.dtype == np.uint8 else image.astype(np.uint16) >> 8, dtype=np.uint8)
        if bgra[..., 3].min() == _OPAQUE:
            return None
        blended = blend(bgra[..., :3], bgra[..., 3], parse_color(self.background)[::-1])
        return replace(self._converted(blended), is_transparent=True)

    def _converted(self, bgr: Pixels) -> DecodedImage:
        bgr = np.ascontiguousarray(bgr)
        gray = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        return DecodedImage(gray if self.color == "gray" else bgr, gray)


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
