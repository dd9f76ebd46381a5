"""Division by a constant is exact for every value that can occur."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.compiler.emit import SourceBuilder, Values, emit_byte
from livefilter.compiler.lanes import numpy_operations
from livefilter.compiler.plan import Interval, Lane
from livefilter.kernels import reference

DTYPES: dict[Lane, type[np.generic]] = {
    "uint16": np.uint16,
    "int16": np.int16,
    "int32": np.int32,
    "float32": np.float32,
}


def divided(numbers: np.ndarray[Any, Any], interval: Interval, lane: Lane, divisor: int) -> np.ndarray[Any, Any]:
    """Divide, round and saturate with generated code."""
    builder = SourceBuilder(depth=0)
    result = emit_byte(builder, Values(("value",), lane, interval), divisor)
    names: dict[str, Any] = dict(numpy_operations())
    names["value"] = numbers.astype(DTYPES[lane])
    exec("\n".join(builder.lines), names)
    return names[result.names[0]]  # type: ignore[no-any-return]


@given(divisor=st.integers(1, 70000), high=st.integers(0, 65535), lane=st.sampled_from(["uint16", "int32", "float32"]))
def test_every_value_is_rounded_half_to_even(divisor: int, high: int, lane: Lane) -> None:
    """All values from 0 to the highest, in every lane type, by any divisor."""
    numbers = np.arange(high + 1)
    expected = reference.saturate(reference.round_half_even(numbers, divisor))
    assert np.array_equal(divided(numbers, Interval(0, high), lane, divisor), expected)


@given(divisor=st.integers(1, 2000), low=st.integers(-32767, 0))
def test_negative_values_become_black(divisor: int, low: int) -> None:
    """A negative sum saturates, whatever it would be rounded to."""
    numbers = np.arange(low, 32768)
    expected = reference.saturate(reference.round_half_even(numbers, divisor))
    assert np.array_equal(divided(numbers, Interval(low, 32767), "int16", divisor), expected)


@given(divisor=st.integers(1, 2**30), lane=st.sampled_from(["int32", "float32"]))
def test_large_values_are_rounded_on_the_right_side_of_every_step(divisor: int, lane: Lane) -> None:
    """Values around each half and each whole multiple of the divisor, up to the highest sum that can occur."""
    high = 2**30 - 1 if lane == "int32" else 2**24 - 1
    steps = (np.arange(1, 514, dtype=np.int64) * divisor) // 2
    numbers = np.unique((steps[:, None] + np.arange(-2, 3)).clip(0, high))
    expected = reference.saturate(reference.round_half_even(numbers, divisor))
    assert np.array_equal(divided(numbers, Interval(0, high), lane, divisor), expected)


@pytest.mark.parametrize("divisor", [2, 10, 256, 257, 65536])
def test_halves_go_to_the_even_neighbour(divisor: int) -> None:
    """0.5 is 0, 1.5 is 2, 2.5 is 2."""
    numbers = np.array([divisor, 3 * divisor, 5 * divisor]) // 2
    if divisor % 2 == 0:
        assert divided(numbers, Interval(0, 3 * divisor), "int32", divisor).tolist() == [0, 2, 2]
