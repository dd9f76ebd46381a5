"""The plan report says how a chain is computed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from livefilter.compiler import Chain, describe, plan_chain
from livefilter.kernels import (
    Blend,
    Border,
    Correlation,
    Gradient,
    Kernel,
    Lookup,
    Operation,
    ScoreRule,
    box,
    emboss,
    gaussian,
    sharpen,
    sobel,
)


def test_a_separable_kernel_is_reported_with_its_savings() -> None:
    """Rank 1, 225 taps become 30, and a constant image keeps its level."""
    ((report,),) = (report.sums for report in describe(plan_chain([Correlation(gaussian(size=15))], None)))
    assert (report.rank, report.is_separable, report.strategy) == (1, True, "separable")
    assert (report.taps, report.taps_planned) == (225, 30)
    assert report.gain == 1
    assert report.lanes == ("uint16", "float32")


def test_ranges_and_gains_are_those_of_the_weights() -> None:
    """Emboss: from the negative weights times 255 to the positive ones times 255, plus its offset."""
    kernel = Kernel(emboss().weights, divisor=2, offset=10)
    (report,) = describe(plan_chain([Correlation(kernel)], None))[0].sums
    assert (report.low, report.high) == (-4 * 255 + 20, 5 * 255 + 20)
    assert report.gain == Fraction(1, 2)
    assert report.lanes == ("int16",)
    assert report.taps == 7


def test_a_chain_is_one_pass_over_memory() -> None:
    """Blur, gradient and point steps are fused; the score of the frame is taken in the same pass."""
    chain: list[Operation] = [
        Correlation(box(5)),
        Gradient(sobel(1), sobel(0)),
        Lookup(bytes(256)),
        Blend(Fraction(1, 2)),
    ]
    (report,) = describe(plan_chain(chain, ScoreRule()))
    assert report.is_scored
    assert report.bytes_per_pixel == 2
    assert report.sums[0].strategy == "running box"
    assert report.sums[-1].point_ops == ("lookup", "blend")


def test_only_a_wrap_border_below_another_stage_needs_a_second_pass() -> None:
    """The top row of the second kernel needs the bottom row of the first."""
    first, second = Correlation(box(3), "wrap"), Correlation(sharpen(), "wrap")
    assert len(plan_chain([first], None).passes) == 1
    assert len(plan_chain([first, second], None).passes) == 2
    assert len(plan_chain([first, Correlation(sharpen())], None).passes) == 1


def test_consecutive_lookups_become_one() -> None:
    """Two tables in a row become their composition."""
    invert, halve = Lookup(bytes(range(255, -1, -1))), Lookup(bytes(level // 2 for level in range(256)))
    (stage,) = plan_chain([invert, halve], None).passes[0].stages
    assert stage.point_ops == (Lookup(bytes((255 - level) // 2 for level in range(256))),)


def test_the_source_is_readable() -> None:
    """It draws the kernel, names its rows, and is plain Python."""
    source = Chain([Correlation(emboss())]).source
    assert "# 1: correlation emboss" in source
    assert "#    -2 -1  0" in source
    compile(source, "generated", "exec")


@pytest.mark.parametrize("borders", [("reflect_101", "reflect", "replicate"), ("constant", "wrap")])
def test_the_source_is_the_same_for_every_border_of_a_kind_and_every_frame(borders: tuple[Border, ...]) -> None:
    """Borders are data, so that presets share machine code; only whether the frame is read in place differs."""
    sources = {Chain([Correlation(emboss(), border)]).source for border in borders}
    assert len(sources) == 1
    image = np.zeros((3, 3), dtype=np.uint8)
    Chain([Correlation(emboss())])(image, np.empty_like(image))
