"""Weights as integers over one divisor: exact where they fit, bounded where they do not."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.errors import KernelError
from livefilter.kernels import INTEGER_BITS, integer_form, to_fraction

LIMIT = 2**INTEGER_BITS
short = st.fractions(-10, 10, max_denominator=12)
long = st.floats(-1000, 1000, allow_nan=False).map(Fraction)


@given(st.lists(short, min_size=1, max_size=3), short)
def test_short_fractions_are_kept_exactly(weights: list[Fraction], offset: Fraction) -> None:
    """Where 30 bits hold them, integers over the divisor are the weights, with no common factor left."""
    integers, shifted, divisor = integer_form(weights, offset)
    assert [Fraction(value, divisor) for value in integers] == weights
    assert Fraction(shifted, divisor) == offset
    assert math.gcd(divisor, shifted, *integers) == 1


@given(st.lists(short | long, min_size=1, max_size=30), short | long)
def test_rounding_a_weight_moves_it_by_at_most_half_a_unit(weights: list[Fraction], offset: Fraction) -> None:
    """Whatever the fractions, each is off by at most half of 1 / divisor."""
    integers, shifted, divisor = integer_form(weights, offset)
    assert divisor > 0
    for value, weight in zip((*integers, shifted), (*weights, offset), strict=True):
        assert abs(Fraction(value, divisor) - weight) <= Fraction(1, 2 * divisor)


@given(st.lists(short | long, min_size=1, max_size=30), short | long)
def test_no_sum_over_gray_levels_leaves_30_bits(weights: list[Fraction], offset: Fraction) -> None:
    """255 * sum(|weights|) + |offset| stays below 2**30, so 32-bit sums are exact in any order."""
    integers, shifted, divisor = integer_form(weights, offset)
    assert 255 * sum(map(abs, integers)) + abs(shifted) < LIMIT
    assert divisor < LIMIT


def test_rounding_is_as_fine_as_the_bits_allow() -> None:
    """Fractions that do not fit are rounded to the last binary place at which their sums still do."""
    weights = [Fraction(1 / 3)] * 9
    _, _, divisor = integer_form(weights)
    assert 255 * sum(weights) * 2 * divisor >= LIMIT
    assert integer_form([Fraction(1 / 3000)]) == ((178957,), 0, LIMIT // 2)


def test_weights_of_zero_have_divisor_one() -> None:
    """Zeros have one form only."""
    assert integer_form([Fraction(0)] * 4) == ((0, 0, 0, 0), 0, 1)


def test_the_strongest_weight_that_fits_is_kept() -> None:
    """The limit itself is refused, one below it is not."""
    most = (LIMIT - 1) // 255
    assert integer_form([Fraction(most)]) == ((most,), 0, 1)
    with pytest.raises(KernelError, match="scale the weights down"):
        integer_form([Fraction(most + 1)])


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        (0.1, Fraction(1, 10)),
        (1e-7, Fraction(1, 10**7)),
        (-2, Fraction(-2)),
        (True, Fraction(1)),
        (2.5, Fraction(5, 2)),
    ],
)
def test_numbers_are_read_as_decimals(value: float, fraction: Fraction) -> None:
    """The shortest decimal of a number is its exact value."""
    assert to_fraction(value) == fraction


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, 1j, [1]], ids=str)
def test_what_is_no_finite_real_number_is_refused_by_name(value: object) -> None:
    """The message calls the number what the caller calls it."""
    with pytest.raises(KernelError, match=r"^gain: must be (finite|a real number), found"):
        to_fraction(value, "gain")
