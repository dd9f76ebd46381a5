"""What each step stands for, in exact operations."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from livefilter import kernels
from livefilter.errors import PresetError
from livefilter.kernels import Blend, Correlation, Gradient, Kernel, Lookup, Operation, ScoreRule, Unsharp
from livefilter.presets import STEPS, Preset, load_preset

SOBEL = Gradient(kernels.sobel(1), kernels.sobel(0))
MEANT: dict[str, Operation] = {
    "kernel: {weights: [[0, 1], [1, 0]]}": Correlation(Kernel([[0, 1], [1, 0]])),
    "kernel: {weights: [[1, 2]], divisor: 0.3, offset: 8, anchor: [0, 0], border: wrap, absolute: true}": Correlation(
        Kernel([[1, 2]], divisor=0.3, offset=8, anchor=(0, 0)), "wrap", True
    ),
    "gaussian: {sigma: 1.5}": Correlation(kernels.gaussian(1.5)),
    "gaussian: {size: 5, border: constant}": Correlation(kernels.gaussian(size=5), "constant"),
    "gaussian: {sigma: 2, size: 5}": Correlation(kernels.gaussian(2, 5)),
    "box: {size: 4}": Correlation(kernels.box(4)),
    "box: {size: [2, 5]}": Correlation(kernels.box(2, 5)),
    "unsharp:": Unsharp(kernels.gaussian(1.5), Fraction(1)),
    "unsharp: {sigma: 2, amount: 0.8, threshold: 3}": Unsharp(kernels.gaussian(2), Fraction(4, 5), 3),
    "gradient:": SOBEL,
    "gradient: {operator: scharr, norm: l2, border: reflect}": Gradient(
        kernels.scharr(1), kernels.scharr(0), "l2", "reflect"
    ),
    "gradient: {gain: 0.25, norm: max}": Gradient(
        Kernel(kernels.sobel(1).weights, divisor=4), Kernel(kernels.sobel(0).weights, divisor=4), "max"
    ),
    "gradient: {x: [[-1, 1]], y: [[-1], [1]], gain: 2}": Gradient(Kernel([[-2, 2]]), Kernel([[-2], [2]])),
    "laplacian:": Correlation(kernels.laplacian(4), absolute=True),
    "laplacian: {neighbours: 8, gain: 3, absolute: false}": Correlation(
        Kernel(kernels.laplacian(8).weights, divisor=Fraction(1, 3))
    ),
    "blend: {weight: 0.3}": Blend(Fraction(3, 10)),
    "tone:": Lookup(bytes(range(256))),
    "tone: {invert: true}": Lookup(bytes(range(255, -1, -1))),
    "tone: {gain: 2, offset: -10}": Lookup(bytes(min(255, max(0, 2 * level - 10)) for level in range(256))),
    "threshold:": Lookup(bytes(129) + b"\xff" * 127),
    "threshold: {level: 253, mode: to-zero}": Lookup(bytes(254) + b"\xfe\xff"),
    "posterize: {levels: 2}": Lookup(bytes(128) + b"\xff" * 128),
    "posterize: {levels: 256}": Lookup(bytes(range(256))),
}


def step(folder: Path, text: str) -> Operation:
    """Return the operation of a preset with this single step."""
    file = folder / "mine.yaml"
    file.write_text(f"steps:\n  - {text}\n", encoding="utf-8")
    (operation,) = load_preset(file).operations
    return operation


@pytest.mark.parametrize("text", MEANT)
def test_a_step_is_the_operation_that_it_says(text: str, tmp_path: Path) -> None:
    """Settings and defaults become kernels, tables and shares, exactly."""
    assert step(tmp_path, text) == MEANT[text]


def test_every_kind_of_step_is_tested_above() -> None:
    """A new step needs its meaning written down here."""
    assert {text.partition(":")[0] for text in MEANT} == set(STEPS)


def test_gamma_lifts_the_shadows_above_one(tmp_path: Path) -> None:
    """255 * (level / 255) ** (1 / gamma), black and white unmoved, never falling."""
    table = step(tmp_path, "tone: {gamma: 2}")
    assert isinstance(table, Lookup)
    levels = np.frombuffer(table.table, np.uint8)
    assert np.array_equal(levels, np.rint(255 * np.sqrt(np.arange(256) / 255)))
    assert (np.diff(levels.astype(int)) >= 0).all()


@pytest.mark.parametrize("levels", [2, 3, 4, 7, 100])
def test_posterize_leaves_so_many_levels_from_black_to_white(levels: int, tmp_path: Path) -> None:
    """Evenly spaced, both ends included."""
    table = step(tmp_path, f"posterize: {{levels: {levels}}}")
    assert isinstance(table, Lookup)
    assert sorted(set(table.table)) == [round(at * 255 / (levels - 1)) for at in range(levels)]


def test_a_score_without_kernels_is_the_articles_pair(tmp_path: Path) -> None:
    """Both kernels can be given; the threshold is the decimal as written."""
    file = tmp_path / "mine.yaml"
    file.write_text("steps: []\n", encoding="utf-8")
    assert load_preset(file).score.rule == ScoreRule(threshold=Fraction(1, 10))
    file.write_text(
        "steps: []\nscore: {threshold: 0.25, horizontal: [[1], [-1]], vertical: [[1], [1]]}\n", encoding="utf-8"
    )
    own = ScoreRule(Kernel([[1], [-1]]), Kernel([[1], [1]]), Fraction(1, 4))
    assert load_preset(file).score.rule == own


def test_a_preset_cannot_be_changed() -> None:
    """Presets are shared between threads, so they are frozen through and through."""
    preset = load_preset("edge")
    with pytest.raises(ValidationError, match="frozen"):
        preset.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        preset.score.threshold = 1.0  # type: ignore[misc]
    assert isinstance(preset.steps, tuple)
    assert hash(preset) == hash(load_preset("edge"))


def test_equal_files_are_equal_presets(tmp_path: Path) -> None:
    """Two loads of one file are the same value; another setting is another."""
    assert load_preset("edge") == load_preset("edge")
    assert load_preset("edge") != load_preset("blur")
    assert isinstance(load_preset("edge"), Preset)


def test_what_a_large_weight_needs_is_a_divisor(tmp_path: Path) -> None:
    """Weights are judged after the division, so large ones are fine with a large divisor."""
    assert isinstance(step(tmp_path, "kernel: {weights: [[9000000, 9000000]], divisor: 18000000}"), Correlation)
    with pytest.raises(PresetError, match="scale the weights down"):
        step(tmp_path, "kernel: {weights: [[9000000, 9000000]]}")
