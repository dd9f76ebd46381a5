"""How a preset is computed can be read."""

from __future__ import annotations

import pytest

from livefilter import list_presets, load_preset
from livefilter.cli.explain import assembly_text, plan_text, source_text


@pytest.mark.parametrize("name", list_presets())
def test_the_plan_of_each_preset_is_told(name: str) -> None:
    """Window, rank, gain, taps, lanes, range, bytes and operations stand in every plan."""
    text = plan_text(load_preset(name))
    assert text.startswith(f"{name}: ")
    for word in ("rank", "DC gain", "taps become", "lanes", "sums from", "bytes per pixel", "operations per pixel"):
        assert word in text


def test_a_blur_has_a_gain_of_one_and_is_separable() -> None:
    """A Gaussian keeps the mean, and is a column times a row."""
    text = plan_text(load_preset("blur"))
    assert "rank 1 (separable), DC gain 1" in text


def test_the_source_is_the_program_that_is_compiled() -> None:
    """It is Python that defines one function, with the kernel as a picture in a comment."""
    source = source_text(load_preset("emboss"))
    compile(source, "emboss", "exec")
    assert source.startswith("def run_pass(")
    assert "# 1: " in source


@pytest.mark.jit
def test_the_instructions_are_counted() -> None:
    """The counts are those of real machine code."""
    text = assembly_text(load_preset("sobel-vertical"))
    assert int(text.split()[0]) > 100
    assert "packed 16-bit arithmetic: " in text
