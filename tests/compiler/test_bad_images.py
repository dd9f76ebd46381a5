"""Invalid images and output arrays: every public function refuses them with a message that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from livefilter import kernels
from livefilter.compiler import Filter, convolve, correlate, edge_score
from livefilter.errors import LivefilterError, OptionError, PixelTypeError, ShapeError
from livefilter.frame import Pixels

SHARPEN = kernels.sharpen()


def overlapping_images() -> tuple[Pixels, Pixels]:
    """Return two images that share all rows but one each."""
    memory = np.zeros((5, 4), np.uint8)
    return memory[:-1], memory[1:]


BAD_OUTS: dict[str, tuple[Any, type[LivefilterError], str]] = {
    "another dtype": (np.zeros((4, 4), np.int16), PixelTypeError, "out: must be an array of uint8, found int16"),
    "a list": ([[0] * 4] * 4, PixelTypeError, "out: must be an array of uint8, found list"),
    "another shape": (
        np.zeros((4, 5), np.uint8),
        ShapeError,
        r"out: must have the result's shape \(4, 4\), found \(4, 5\)",
    ),
    "another dimension": (np.zeros((4, 4, 1), np.uint8), ShapeError, "out: must have the result's shape"),
    "read-only": (np.broadcast_to(np.uint8(0), (4, 4)), OptionError, "out: must be .*writable"),
    "the picture itself": ("image", OptionError, "out: must not overlap the image"),
    "a part of the picture": ("overlap", OptionError, "out: must not overlap the image"),
}


@pytest.mark.parametrize("case", BAD_OUTS)
def test_an_array_that_cannot_receive_the_result_is_refused(case: str) -> None:
    """Wrong dtype, shape, protection or overlap: an error, and nothing written."""
    out, error, message = BAD_OUTS[case]
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    if case == "the picture itself":
        out = image
    elif case == "a part of the picture":
        image, out = overlapping_images()
    before = image.copy()
    with pytest.raises(error, match=message):
        correlate(image, SHARPEN, out=out)
    with pytest.raises(error, match=message):
        Filter("blur")(image, out=out)
    assert np.array_equal(image, before)


BAD_IMAGES: dict[str, tuple[Any, type[LivefilterError], str]] = {
    "float": (np.zeros((4, 4), np.float64), PixelTypeError, r"found float64; scale it to 0..255"),
    "half": (np.zeros((4, 4), np.float16), PixelTypeError, r"found float16; scale it"),
    "bool": (np.zeros((4, 4), np.bool_), PixelTypeError, r"found bool; convert with image.astype\(np.uint8\) \* 255"),
    "int64": (np.zeros((4, 4), np.int64), PixelTypeError, r"found int64; convert with image.clip\(0, 255\)"),
    "uint16": (np.zeros((4, 4), np.uint16), PixelTypeError, r"found uint16; convert"),
    "complex": (np.zeros((4, 4), np.complex64), PixelTypeError, "found complex64"),
    "text": (np.array([["a"]]), PixelTypeError, "found <U1"),
    "a list": ([[1, 2], [3, 4]], PixelTypeError, "found list; use np.asarray"),
    "nothing": (None, PixelTypeError, "found NoneType"),
    "a file name": ("picture.png", PixelTypeError, "found str"),
    "four channels": (np.zeros((4, 4, 4), np.uint8), ShapeError, r"drop the alpha channel with image\[..., :3\]"),
    "two channels": (np.zeros((4, 4, 2), np.uint8), ShapeError, r"found \(4, 4, 2\)"),
    "one channel": (np.zeros((4, 4, 1), np.uint8), ShapeError, r"found \(4, 4, 1\)"),
    "a row": (np.zeros(4, np.uint8), ShapeError, r"found \(4,\)"),
    "a film": (np.zeros((2, 4, 4, 3), np.uint8), ShapeError, r"found \(2, 4, 4, 3\)"),
    "no rows": (np.zeros((0, 4), np.uint8), ShapeError, "at least one pixel"),
    "no columns": (np.zeros((4, 0, 3), np.uint8), ShapeError, "at least one pixel"),
}
FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "correlate": lambda image: correlate(image, SHARPEN),
    "convolve": lambda image: convolve(image, SHARPEN),
    "edge_score": edge_score,
    "Filter": lambda image: Filter("edge")(image),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_what_is_no_image_is_refused_with_the_fix(case: str, function: str) -> None:
    """The message says what was found and how to convert it."""
    image, error, message = BAD_IMAGES[case]
    with pytest.raises(error, match=message):
        FUNCTIONS[function](image)
