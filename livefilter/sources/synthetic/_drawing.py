"""Drawing that gives the same pixels on every machine: rounded waves, letters, and the rounding to gray levels.

Sines differ in their last bits between C libraries, so they are rounded before they reach a pixel. Everything else that
scenes compute with (+ - * / and the square root) is defined to the last bit by IEEE 754.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]

_GLYPHS: dict[str, tuple[int, int, int, int, int, int, int]] = {
    "0": (0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E),
    "1": (0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E),
    "2": (0x0E, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1F),
    "3": (0x0E, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0E),
    "4": (0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02),
    "5": (0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E),
    "6": (0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E),
    "7": (0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08),
    "8": (0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E),
    "9": (0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C),
    ":": (0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00),
    " ": (0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00),
    "A": (0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11),
    "C": (0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E),
    "D": (0x1C, 0x12, 0x11, 0x11, 0x11, 0x12, 0x1C),
    "I": (0x0E, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0E),
    "M": (0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11),
    "O": (0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E),
    "R": (0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11),
}
"""Letters of 5 x 7 dots: seven rows, the five columns in the low bits, leftmost highest."""


def write_text(canvas: Canvas, text: str, top: int, left: int, *, scale: int, level: float) -> None:
    """Write ``text`` in whole pixels, ``scale`` pixels per dot; the text must fit on the canvas.

    Raises:
        KeyError: A letter is not in the small alphabet.
    """
    for position, letter in enumerate(text):
        for row, bits in enumerate(_GLYPHS[letter]):
            for col in range(5):
                if bits >> (4 - col) & 1:
                    first_row, first_col = top + row * scale, left + (position * 6 + col) * scale
                    canvas[first_row : first_row + scale, first_col : first_col + scale] = level


def swing(index: float, period: float, phase: float = 0.0) -> float:
    """Return the sine of ``index / period + phase`` turns, in [-1, 1], rounded to 1/4096."""
    return math.floor(math.sin(math.tau * (index / period + phase)) * 4096 + 0.5) / 4096


def direction(turns: float) -> tuple[float, float]:
    """Return (cosine, sine) of an angle in turns, each rounded to 1/4096 (under 0.1 px at a radius of 300 px)."""
    return swing(turns + 0.25, 1.0), swing(turns, 1.0)


def to_gray(canvas: Canvas) -> NDArray[np.uint8]:
    """Round halves upwards and clamp to 0..255."""
    rounded: Canvas = np.clip(np.floor(canvas + np.float32(0.5)), 0, 255)
    return rounded.astype(np.uint8)
