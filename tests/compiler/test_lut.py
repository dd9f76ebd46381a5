"""Lookup tables that are affine or steps are recognised, and computed to the same levels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.compiler import Chain
from livefilter.compiler.plan import AffineLut, StepLut, simplify_lut
from livefilter.kernels import Lookup

EVERY_LEVEL = np.arange(256, dtype=np.uint8).reshape(16, 16)


def levels_of(table: bytes) -> bytes:
    """Map every level through the generated code for a table."""
    out = np.empty_like(EVERY_LEVEL)
    Chain([Lookup(table)])(EVERY_LEVEL, out)
    return out.tobytes()


def affine_table(gain: Fraction, offset: int) -> bytes:
    """Return the table of a gain and an offset, rounded half to even and saturated."""
    return bytes(min(max(round(level * gain + offset), 0), 255) for level in range(256))


@given(gain=st.fractions(-4, 4, max_denominator=16), offset=st.integers(-300, 300))
def test_a_gain_and_an_offset_give_their_levels(gain: Fraction, offset: int) -> None:
    """Any slope, rising or falling, saturated or not."""
    table = affine_table(gain, offset)
    assert levels_of(table) == table


@pytest.mark.parametrize("gain", [Fraction(3, 2), Fraction(-1), Fraction(1, 4), Fraction(7, 10)])
def test_an_affine_table_is_recognised(gain: Fraction) -> None:
    """Tone, gain and invert need no table in memory."""
    assert isinstance(simplify_lut(affine_table(gain, 20 if gain > 0 else 255)), AffineLut)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=12), st.data())
def test_steps_give_their_levels(levels: list[int], data: st.DataObject) -> None:
    """Thresholds and posterising, with a few steps or with many."""
    bounds = sorted(data.draw(st.lists(st.integers(0, 256), min_size=len(levels), max_size=len(levels))))
    table = bytes(levels[sum(at >= bound for bound in bounds[1:])] for at in range(256))
    assert levels_of(table) == table


def test_a_threshold_is_a_single_step() -> None:
    """Black below level 90, white from 90 on."""
    assert simplify_lut(bytes(255 * (level >= 90) for level in range(256))) == StepLut(0, ((90, 255),))


@given(st.binary(min_size=256, max_size=256))
def test_any_other_table_is_looked_up(table: bytes) -> None:
    """Gamma curves, and tables without any structure."""
    assert levels_of(table) == table
