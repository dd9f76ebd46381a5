"""What lies outside the image, against OpenCV and NumPy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.errors import OptionError
from livefilter.kernels import BORDERS, OUTSIDE, Border, border_index, border_indices, check_border

OPENCV: dict[Border, int] = {
    "reflect_101": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
DRAWN: dict[Border, str] = {
    "reflect_101": "fedcb|abcdef|edcba",
    "reflect": "edcba|abcdef|fedcb",
    "replicate": "aaaaa|abcdef|fffff",
    "wrap": "bcdef|abcdef|abcde",
    "constant": "00000|abcdef|00000",
}
borders = pytest.mark.parametrize("border", BORDERS)


@borders
@given(position=st.integers(-200, 200), length=st.integers(1, 40))
def test_a_border_is_opencvs(border: Border, position: int, length: int) -> None:
    """Any distance outside of any length, also of one pixel, gives cv2.borderInterpolate's index."""
    assert border_index(position, length, border) == cv2.borderInterpolate(position, length, OPENCV[border])


@borders
@given(length=st.integers(1, 12), before=st.integers(0, 40), after=st.integers(0, 40))
def test_a_border_is_numpys_padding(border: Border, length: int, before: int, after: int) -> None:
    """Indices of a padded row pick what np.pad picks, at any distance."""
    row = np.arange(1, length + 1)
    pad = (before, after)
    padded = {
        "reflect_101": lambda: np.pad(row, pad, mode="reflect"),
        "reflect": lambda: np.pad(row, pad, mode="symmetric"),
        "replicate": lambda: np.pad(row, pad, mode="edge"),
        "wrap": lambda: np.pad(row, pad, mode="wrap"),
        "constant": lambda: np.pad(row, pad),
    }[border]()
    indices = border_indices(length, before, after, border)
    assert np.array_equal(np.where(indices == OUTSIDE, 0, row[indices]), padded)


@pytest.mark.parametrize("border", DRAWN)
def test_a_border_is_as_it_is_drawn(border: Border) -> None:
    """The drawing in the docstring of border_index is true."""
    indices = border_indices(6, 5, 5, border)
    assert "".join("0" if at == OUTSIDE else "abcdef"[at] for at in indices) == DRAWN[border].replace("|", "")


@borders
def test_a_known_border_passes_the_check(border: Border) -> None:
    """The five names are allowed as they are."""
    assert check_border(border) == border


@pytest.mark.parametrize("border", ["reflect101", "", "WRAP", "mirror"])
def test_an_unknown_border_is_refused_with_the_known_ones(border: str) -> None:
    """The message lists what is allowed and what was found."""
    with pytest.raises(OptionError, match=f"one of reflect_101, replicate, reflect, wrap, constant, found '{border}'"):
        check_border(border)
