"""The Kernel: what makes one, what is refused, and when two are the same."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from livefilter.errors import KernelError, LivefilterError, PixelTypeError, ShapeError
from livefilter.kernels import HORIZONTAL_EDGE, MAX_SIDE, VERTICAL_EDGE, Kernel, response, sharpen
from livefilter.testing.strategies import real_kernels

NAN, INF = float("nan"), float("inf")
REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "ragged": ([[1, 2], [3]], {}, r"same number of weights, found rows of 2, 1"),
    "empty": ([], {}, r"at least one weight"),
    "empty row": ([[]], {}, r"at least one weight"),
    "array without rows": (np.zeros((0, 3)), {}, r"at least one weight"),
    "array without columns": (np.zeros((3, 0)), {}, r"at least one weight"),
    "1-D list": ([1, 2, 3], {}, r"two-dimensional.*brackets twice"),
    "1-D array": (np.array([1.0, 2.0]), {}, r"two-dimensional.*brackets twice"),
    "0-D array": (np.array(1.0), {}, r"two-dimensional"),
    "0-D arrays as rows": ([np.array(1), np.array(2)], {}, r"two-dimensional"),
    "3-D array": (np.zeros((2, 2, 2)), {}, r"two-dimensional"),
    "3-D list": ([[[1]]], {}, r"must be a real number, found \[1\]"),
    "a number": (5, {}, r"rows of numbers, found 5"),
    "nothing": (None, {}, r"rows of numbers, found None"),
    "a text": ("ab", {}, r"rows of numbers, found 'ab'"),
    "a mapping": ({0: [1]}, {}, r"rows of numbers"),
    "texts": ([["1", "2"]], {}, r"real number, found '1'"),
    "array of texts": (np.array([["a"]]), {}, r"real number"),
    "complex": ([[1j]], {}, r"real number, found 1j"),
    "array of complex": (np.array([[1j]]), {}, r"real number"),
    "a hole": ([[1, None]], {}, r"real number, found None"),
    "nan": ([[NAN]], {}, r"weight: must be finite, found nan"),
    "infinity": ([[1, -INF]], {}, r"weight: must be finite, found -inf"),
    "64 wide": (np.ones((1, 64)), {}, r"at most 63 rows and columns, found 1 x 64"),
    "64 high": (np.ones((64, 1)), {}, r"at most 63 rows and columns, found 64 x 1"),
    "zero divisor": ([[1]], {"divisor": 0}, r"divisor: must not be zero"),
    "zero divisor, a float": ([[1]], {"divisor": -0.0}, r"divisor: must not be zero"),
    "nan divisor": ([[1]], {"divisor": NAN}, r"divisor: must be finite"),
    "infinite divisor": ([[1]], {"divisor": INF}, r"divisor: must be finite"),
    "divisor as text": ([[1]], {"divisor": "2"}, r"divisor: must be a real number, found '2'"),
    "nan offset": ([[1]], {"offset": NAN}, r"offset: must be finite"),
    "offset as text": ([[1]], {"offset": "2"}, r"offset: must be a real number"),
    "anchor below": ([[1, 2]], {"anchor": (1, 0)}, r"anchor: must lie inside the 1 x 2 weights, found \(1, 0\)"),
    "anchor beside": ([[1, 2]], {"anchor": (0, 2)}, r"anchor: must lie inside"),
    "anchor before": ([[1, 2]], {"anchor": (0, -1)}, r"anchor: must lie inside"),
    "anchor of one": ([[1]], {"anchor": (0,)}, r"anchor: must be \(row, col\)"),
    "anchor of three": ([[1]], {"anchor": (0, 0, 0)}, r"anchor: must be \(row, col\)"),
    "anchor of fractions": ([[1]], {"anchor": (0.0, 0)}, r"anchor: must be \(row, col\), two whole numbers"),
    "anchor a number": ([[1]], {"anchor": 0}, r"anchor: must be \(row, col\)"),
    "anchor a text": ([[1]], {"anchor": "ab"}, r"anchor: must be \(row, col\)"),
    "too strong": ([[1e8]], {}, r"must stay below 2\*\*30, found 2.55e\+10; scale the weights down"),
    "far too strong": ([[1e308, 1e308]], {}, r"must stay below 2\*\*30, found over 1e\+300"),
    "tiny divisor": ([[1]], {"divisor": 1e-300}, r"must stay below 2\*\*30"),
    "offset too large": ([[1]], {"offset": 2**30}, r"must stay below 2\*\*30"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_kernel_is_refused_with_the_rule(case: str) -> None:
    """Bad weights, divisors, offsets and anchors are KernelErrors of one line that state the rule."""
    weights, settings, message = REFUSED[case]
    with pytest.raises(KernelError, match=message) as caught:
        Kernel(weights, **settings)
    assert isinstance(caught.value, LivefilterError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, MAX_SIDE), (MAX_SIDE, 1), (MAX_SIDE, MAX_SIDE), (4, 7)])
def test_any_side_from_1_to_63_makes_a_kernel(shape: tuple[int, int]) -> None:
    """Odd, even and mixed sides are allowed, and the anchor is (rows // 2, cols // 2), as in OpenCV."""
    kernel = Kernel(np.ones(shape))
    assert kernel.shape == shape
    assert kernel.origin == (shape[0] // 2, shape[1] // 2)
    assert kernel.anchor is None


@pytest.mark.parametrize(
    "weights",
    [
        [[1, 0], [0, 1]],
        ((1, 0), (0, 1)),
        [np.array([1, 0]), np.array([0, 1])],
        np.eye(2),
        np.eye(2, dtype=np.float16),
        np.eye(2, dtype=np.int8),
        np.eye(2, dtype=bool),
        np.eye(2, dtype=object),
        [[True, False], [False, True]],
        [[Fraction(1), 0.0], [Fraction(0), np.float32(1)]],
    ],
    ids=lambda weights: f"{type(weights).__name__} {getattr(weights, 'dtype', '')}",
)
def test_weights_come_in_any_form_of_real_numbers(weights: Any) -> None:
    """Lists, tuples, arrays of any real dtype and fractions with the same values make the same kernel."""
    assert Kernel(weights) == Kernel([[1, 0], [0, 1]])


@pytest.mark.parametrize("value", [0.1, np.float64(0.1), np.float32(0.1), np.float16(0.1), Fraction(1, 10)])
def test_a_weight_is_the_decimal_that_it_prints_as(value: Any) -> None:
    """0.1 means one tenth, whatever its binary form."""
    kernel = Kernel([[value]])
    assert kernel.fractions == ((Fraction(1, 10),),)
    assert (kernel.integers.item(), kernel.integer_divisor) == (1, 10)


def test_divisor_and_offset_are_exact_too() -> None:
    """Weights over 0.3 and an offset of a half become whole numbers over one divisor."""
    kernel = Kernel([[1, 2]], divisor=0.3, offset=0.5)
    assert kernel.fractions == ((Fraction(10, 3), Fraction(20, 3)),)
    assert kernel.integers.tolist() == [[20, 40]]
    assert (kernel.integer_offset, kernel.integer_divisor) == (3, 6)


def test_a_kernel_cannot_be_changed() -> None:
    """Attributes and weights are frozen, and the caller's own array stays apart."""
    given_weights = np.ones((2, 2))
    kernel = Kernel(given_weights)
    given_weights[0, 0] = 7
    assert kernel.weights[0, 0] == 1
    with pytest.raises(AttributeError):
        kernel.divisor = 2  # type: ignore[misc]
    for array in (kernel.weights, kernel.integers):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 7


@given(real_kernels())
def test_turning_twice_gives_the_kernel_back(kernel: Kernel) -> None:
    """A half turn is its own inverse, weights, anchor, divisor and offset alike."""
    turned = kernel.rotated()
    assert np.array_equal(turned.integers, kernel.integers[::-1, ::-1])
    assert turned.origin == tuple(side - 1 - at for side, at in zip(kernel.shape, kernel.origin, strict=True))
    assert turned.rotated() == kernel


@given(real_kernels())
def test_equal_kernels_have_equal_hashes(kernel: Kernel) -> None:
    """A kernel rebuilt from its own exact parts is equal, whatever it is called and however it is scaled."""
    twice = [[weight * 2 for weight in row] for row in kernel.fractions]
    rebuilt = Kernel(twice, name="other", divisor=2, offset=kernel.offset, anchor=kernel.origin)
    assert rebuilt == kernel
    assert hash(rebuilt) == hash(kernel)


@given(real_kernels())
def test_a_kernel_survives_copies_and_pickles(kernel: Kernel) -> None:
    """Copies, also those sent to another process, are equal to the original."""
    assert copy.deepcopy(kernel) == kernel
    assert pickle.loads(pickle.dumps(kernel)) == kernel


@pytest.mark.parametrize(
    "other",
    [
        Kernel([[1, 2, 4]]),
        Kernel([[1], [2], [3]]),
        Kernel([[1, 2, 3]], divisor=2),
        Kernel([[1, 2, 3]], offset=1),
        Kernel([[1, 2, 3]], anchor=(0, 0)),
        "a kernel",
        None,
    ],
    ids=str,
)
def test_kernels_that_give_other_pixels_are_not_equal(other: object) -> None:
    """Weights, shape, divisor, offset and anchor all count; other types are never equal."""
    assert Kernel([[1, 2, 3]]) != other


def test_a_kernel_prints_as_the_call_that_makes_it() -> None:
    """The repr can be pasted back, and shows only what was given."""
    kernel = Kernel([[1, 2]], name="pair", divisor=3, offset=0.5, anchor=(0, 0))
    assert repr(Kernel([[1, 2]])) == "Kernel([[1.0, 2.0]])"
    assert eval(repr(kernel), {"Kernel": Kernel}) == kernel


@pytest.mark.parametrize(
    ("picture", "horizontal", "vertical"),
    [([[200, 200], [200, 200]], 0, 0), ([[200, 200], [0, 0]], 800, 0), ([[200, 0], [200, 0]], 0, 800)],
    ids=["flat", "horizontal edge", "vertical edge"],
)
def test_the_articles_pictures_give_the_articles_numbers(
    picture: list[list[int]], horizontal: float, vertical: float
) -> None:
    """A flat picture, a horizontal and a vertical edge respond with 0/800/0 and 0/0/800."""
    assert response(picture, HORIZONTAL_EDGE) == horizontal
    assert response(picture, VERTICAL_EDGE) == vertical
    assert response(np.array(picture, dtype=np.uint8), HORIZONTAL_EDGE) == horizontal


def test_a_response_keeps_its_sign_and_is_divided() -> None:
    """A rising edge is negative; the divisor counts, the offset does not."""
    assert response([[0, 0], [200, 200]], HORIZONTAL_EDGE) == -800
    assert response([[10, 20]], Kernel([[1, 2]], divisor=4, offset=99)) == 12.5


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ([[1, 2, 3]], ShapeError),
        ([1, 2], ShapeError),
        ([[1, 2], [3]], ShapeError),
        ([["a", "b"], ["c", "d"]], PixelTypeError),
        ([[1j, 0], [0, 0]], PixelTypeError),
        ([[None, 0], [0, 0]], PixelTypeError),
    ],
    ids=str,
)
def test_a_window_that_does_not_fit_the_kernel_is_refused(patch: Any, error: type[LivefilterError]) -> None:
    """A response needs real numbers in the kernel's own shape."""
    with pytest.raises(error, match="patch: must"):
        response(patch, sharpen() if patch == [[1, 2, 3]] else HORIZONTAL_EDGE)
