"""Filters: the reference's bytes for any chain of steps, any input and any number of threads."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.compiler import Filter, Filtered, edge_score
from livefilter.errors import OptionError, PresetError
from livefilter.frame import Pixels
from livefilter.kernels import reference
from livefilter.presets import Preset, ScoreSettings, load_preset
from livefilter.testing import strategies

RNG = np.random.default_rng(17)
PICTURE = RNG.integers(0, 256, (31, 45), dtype=np.uint8)
PICTURE.flags.writeable = False
COLOUR = RNG.integers(0, 256, (31, 45, 3), dtype=np.uint8)
STEPS = [
    "tone: {gain: 1.5, offset: -20, gamma: 1.4}",
    "gaussian: {sigma: 1.2, border: wrap}",
    "box: {size: [2, 3], border: constant}",
    "unsharp: {sigma: 1, amount: 0.7, threshold: 2}",
    "gradient: {operator: scharr, norm: l2, gain: 0.2}",
    "gradient: {norm: max, border: reflect}",
    "laplacian: {neighbours: 8}",
    "kernel: {weights: [[-2, -1, 0, 1]], divisor: 1.5, offset: 12, anchor: [0, 3], border: replicate}",
    "threshold: {level: 90, mode: to-zero}",
    "posterize: {levels: 5}",
    "blend: {weight: 0.35}",
]


def assert_same_bytes(ours: Any, theirs: Any) -> None:
    """Shape, dtype and every byte."""
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


def preset_of(folder: Path, steps: list[str], rest: str = "") -> Preset:
    """Load a preset of these steps."""
    file = folder / "made.yaml"
    file.write_text("steps: " + "".join(f"\n  - {step}" for step in steps) + ("" if steps else "[]") + f"\n{rest}\n")
    return load_preset(file)


def assert_filters_as_the_reference(filter_: Filter, image: Pixels) -> None:
    """Pixels and score, for a gray picture."""
    filtered = filter_(image)
    assert isinstance(filtered, Filtered)
    assert_same_bytes(filtered.image, reference.apply_all(filter_.preset.operations, image))
    rule = filter_.preset.score.rule
    assert filtered.score == rule.score(reference.score_sums(image, rule))


@given(data=st.data())
def test_a_filter_is_the_reference_for_any_chain_of_steps(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every step, in any order and number, fused or not, gives the reference's bytes."""
    steps = data.draw(st.lists(st.sampled_from(STEPS), max_size=4))
    filter_ = Filter(preset_of(tmp_path_factory.mktemp("chain"), steps))
    assert_filters_as_the_reference(filter_, data.draw(strategies.images(max_side=12)))


@pytest.mark.parametrize("step", STEPS)
def test_each_step_filters_as_the_reference(step: str, tmp_path: Path) -> None:
    """One step at a time, on a picture large enough to have an inside."""
    assert_filters_as_the_reference(Filter(preset_of(tmp_path, [step])), PICTURE)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (31, 45)])
def test_a_filter_takes_frames_of_any_size(shape: tuple[int, int]) -> None:
    """One filter takes one size after another, from a single pixel on."""
    filter_ = Filter("edge")
    for image in (PICTURE[: shape[0], : shape[1]], PICTURE):
        assert_filters_as_the_reference(filter_, image)


def test_a_filter_takes_colour_in_any_memory_layout(lay_out: Callable[[Any], Any]) -> None:
    """BGR is filtered as cv2.cvtColor's gray, with the same score."""
    image = lay_out(COLOUR)
    gray = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), np.uint8)
    filtered = Filter("edge")(image)
    assert_same_bytes(filtered.image, reference.apply_all(load_preset("edge").operations, gray))
    assert filtered.score == edge_score(gray)


def test_luma_is_opencvs_for_every_kind_of_colour() -> None:
    """Corners of the colour cube, grays and noise: cv2.cvtColor to the last bit."""
    corners = np.array([[[b, g, r] for b in (0, 1, 254, 255) for g in (0, 127, 255) for r in (0, 128, 255)]], np.uint8)
    grays = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    through = Filter(Preset(name="nothing", steps=()))
    for colours in (corners, grays, RNG.integers(0, 256, (200, 300, 3), dtype=np.uint8)):
        assert np.array_equal(through(colours).image, cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (31, 45)])
def test_a_filter_scores_without_filtering(shape: tuple[int, int]) -> None:
    """The same score, by the preset's own threshold, of gray and of colour; the image stays as it is."""
    image = COLOUR[: shape[0], : shape[1]].copy()
    before = image.copy()
    filter_ = Filter(load_preset("edge").model_copy(update={"score": ScoreSettings(threshold=0.3)}))
    assert filter_.score(image) == filter_.score(gray_of(image)) == filter_(image).score
    assert np.array_equal(image, before)


def gray_of(image: Pixels) -> Pixels:
    """OpenCV's gray."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def test_a_filter_is_compiled_before_its_first_frame() -> None:
    """``compile`` waits until the Filter is ready, and a second call has nothing left to do."""
    filter_ = Filter("blur")
    was_ready = filter_.is_ready
    filter_.compile()
    assert (was_ready, filter_.is_ready) == (False, True)
    chain = filter_.chain
    filter_.compile()
    assert filter_.chain is chain


def test_a_filter_without_steps_gives_a_copy() -> None:
    """The result equals the frame, but is never the frame itself."""
    image = PICTURE.copy()
    result = Filter(Preset(name="nothing", steps=()))(image).image
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


def test_a_filter_fills_a_given_array() -> None:
    """The array is returned in Filtered, and can be reused."""
    filter_ = Filter("blur")
    out = np.empty(PICTURE.shape, np.uint8)
    for image in (PICTURE, PICTURE[::-1], COLOUR):
        filtered = filter_(image, out=out)
        assert filtered.image is out
        assert_same_bytes(out, filter_(image).image)


def test_a_preset_may_define_its_own_score(tmp_path: Path) -> None:
    """Score kernels and threshold come from the preset, and apply to the unfiltered image."""
    score = "score: {threshold: 0.3, horizontal: [[1], [-1]], vertical: [[1], [1]]}"
    assert_filters_as_the_reference(Filter(preset_of(tmp_path, ["gaussian: {sigma: 3}"], score)), PICTURE)


def test_a_filter_is_made_from_a_preset_a_name_or_a_path(tmp_path: Path) -> None:
    """All three mean the same."""
    preset = preset_of(tmp_path, ["box: {size: 3}"])
    expected = Filter(preset)(PICTURE)
    for way in (tmp_path / "made.yaml", str(tmp_path / "made.yaml")):
        filter_ = Filter(way)
        assert filter_.preset == preset
        assert np.array_equal(filter_(PICTURE).image, expected.image)
    assert Filter("edge").preset == load_preset("edge")


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
def test_the_number_of_threads_changes_no_byte(threads: int | None) -> None:
    """Any number of tiles gives the reference's image and score."""
    assert_filters_as_the_reference(Filter("edge", threads=threads), np.tile(PICTURE, (4, 3)))


def test_one_filter_serves_several_threads_at_once() -> None:
    """Concurrent calls from eight threads give what sequential calls give."""
    filter_ = Filter("edge", threads=2)
    frames = [np.roll(PICTURE, at, axis=1) for at in range(16)]
    alone = [filter_(frame) for frame in frames]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(filter_, frames))
    for expected, result in zip(alone, together, strict=True):
        assert_same_bytes(result.image, expected.image)
        assert result.score == expected.score


def test_invalid_arguments_of_a_filter_are_refused(tmp_path: Path) -> None:
    """Unknown presets and a number of threads below one."""
    with pytest.raises(PresetError, match="did you mean 'edge'"):
        Filter("egde")
    with pytest.raises(PresetError, match="no such file"):
        Filter(tmp_path / "gone.yaml")
    for threads in (0, -1):
        with pytest.raises(OptionError, match=f"threads: must be at least 1, found {threads}"):
            Filter("edge", threads=threads)


def test_a_filter_can_be_sent_to_another_process_and_copied() -> None:
    """As its preset and options; the copy gives the same pixels."""
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    original = Filter("blur", threads=2)
    for made in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original), copy.copy(original)):
        assert made.threads == 2
        assert made.preset == original.preset
        assert np.array_equal(made(image).image, original(image).image)
