"""Border rules: which pixel replaces a position outside the image."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import OptionError

Border = Literal["reflect_101", "replicate", "reflect", "wrap", "constant"]
BORDERS: tuple[Border, ...] = get_args(Border)
OUTSIDE = -1
"""Index of a pixel that is zero, whatever the image (border "constant")."""


def border_index(position: int, length: int, border: Border) -> int:
    """Return the index in [0, length) of the pixel at ``position``, or OUTSIDE for border "constant".

    For an image row ``abcdef``::

        reflect_101   fedcb|abcdef|edcba      the edge pixel is the mirror (OpenCV's default)
        reflect       edcba|abcdef|fedcb      the mirror lies between pixels
        replicate     aaaaa|abcdef|fffff
        wrap          bcdef|abcdef|abcde
        constant      00000|abcdef|00000

    Any distance from the image is allowed, even for images of one pixel.
    """
    if 0 <= position < length:
        return position
    if border == "constant":
        return OUTSIDE
    if border == "replicate":
        return 0 if position < 0 else length - 1
    if border == "wrap":
        return position % length
    if border == "reflect":
        folded = position % (2 * length)
        return folded if folded < length else 2 * length - 1 - folded
    if length == 1:
        return 0
    folded = position % (2 * length - 2)
    return folded if folded < length else 2 * length - 2 - folded


def border_indices(length: int, before: int, after: int, border: Border) -> NDArray[np.intp]:
    """Return the indices of ``before + length + after`` positions, the first of them at ``-before``."""
    return np.array([border_index(at, length, border) for at in range(-before, length + after)], dtype=np.intp)


def check_border(border: str) -> Border:
    """Return ``border`` if it is one of BORDERS.

    Raises:
        OptionError: ``border`` is another name.
    """
    for known in BORDERS:
        if border == known:
            return known
    raise OptionError(f"border: must be one of {', '.join(BORDERS)}, found {border!r}")
