"""The public faces of the compiler, whatever is behind them: the same bytes as the reference, and bad input refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter import kernels
from livefilter.compiler import Filter, Filtered, convolve, correlate, edge_score
from livefilter.errors import KernelError, LivefilterError, OptionError, PixelTypeError, PresetError, ShapeError
from livefilter.frame import Pixels
from livefilter.kernels import BORDERS, Border, EdgeScore, Kernel, ScoreRule, reference
from livefilter.kernels.reference import Mode
from livefilter.presets import Preset, load_preset

MODES: tuple[Mode, ...] = get_args(Mode)
DTYPES: tuple[type[np.generic], ...] = (np.uint8, np.int16, np.float32)
RNG = np.random.default_rng(17)
PICTURE = RNG.integers(0, 256, (31, 45), dtype=np.uint8)
PICTURE.flags.writeable = False
COLOUR = RNG.integers(0, 256, (31, 45, 3), dtype=np.uint8)
SHARPEN = kernels.sharpen()

# Ways in which the same pixels may lie in memory.
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "contiguous": np.ascontiguousarray,
    "every other pixel": lambda image: np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)[::2, ::2],
    "cut out": lambda image: np.pad(image, [(3, 2), (5, 1)] + [(0, 0)] * (image.ndim - 2))[3:-2, 5:-1],
    "upside down": lambda image: np.ascontiguousarray(image[::-1])[::-1],
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1])[:, ::-1],
    "Fortran order": np.asfortranarray,
    "read-only": lambda image: np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape),
    "broadcast": lambda image: np.broadcast_to(image[:1], image.shape),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS)

images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@st.composite
def some_kernels(draw: st.DrawFn) -> Kernel:
    """Kernels of odd and even sides, any anchor, with fractions, divisors and offsets."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
    kinds = [st.integers(-9, 9), st.integers(0, 3), st.decimals(-2, 2, places=2).map(float), st.floats(-3, 3)]
    values: list[float] = draw(
        st.sampled_from(kinds).flatmap(
            lambda kind: st.lists(kind, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
        )
    )
    anchor = draw(st.none() | st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1)))
    divisors: list[float | Fraction] = [1, 2, 9, -5, 0.3, 256, Fraction(22, 7)]
    return Kernel(
        np.reshape(values, shape).tolist(),
        divisor=draw(st.sampled_from(divisors)),
        offset=draw(st.sampled_from([0, 128, -7, 0.5])),
        anchor=anchor,
    )


def assert_same_bytes(ours: Any, theirs: Any) -> None:
    """Shape, dtype and every byte."""
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


# Correlation and convolution


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("border", BORDERS)
@given(image=images, kernel=some_kernels())
def test_correlate_is_the_reference(
    border: Border, mode: Mode, dtype: type[np.generic], image: Pixels, kernel: Kernel
) -> None:
    """Every border, mode and dtype gives the reference's bytes for any picture, kernel and anchor."""
    if mode == "valid" and any(side < size for side, size in zip(image.shape, kernel.shape, strict=True)):
        with pytest.raises(ShapeError, match="mode 'valid' needs at least the kernel's shape"):
            correlate(image, kernel, border=border, mode=mode, dtype=dtype)
        return
    truth = reference.correlate(image, kernel, border, mode, dtype)
    assert_same_bytes(correlate(image, kernel, border=border, mode=mode, dtype=dtype), truth)


@given(images, some_kernels(), st.sampled_from(BORDERS), st.sampled_from(DTYPES))
def test_convolving_is_correlating_by_the_turned_kernel(
    image: Pixels, kernel: Kernel, border: Border, dtype: type[np.generic]
) -> None:
    """The kernel turns by 180 degrees, the anchor with it."""
    truth = reference.correlate(image, kernel.rotated(), border, dtype=dtype)
    assert_same_bytes(convolve(image, kernel, border=border, dtype=dtype), truth)


@given(images, hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(-9, 9)))
def test_convolve_is_mathematics_convolution(image: Pixels, weights: Any) -> None:
    """SciPy's full convolution, cut to the windows that lie inside."""
    if any(side < size for side, size in zip(image.shape, weights.shape, strict=True)):
        return
    theirs = scipy.signal.convolve2d(image.astype(np.int64), weights, mode="valid")
    assert np.array_equal(convolve(image, Kernel(weights), mode="valid", dtype=np.float32), theirs)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (7, 7), (1, 6), (6, 1), (3, 8)])
@pytest.mark.parametrize("border", ["reflect_101", "replicate", "reflect", "constant"])
def test_correlate_is_opencvs_filter2d(border: Border, size: tuple[int, int]) -> None:
    """With a divisor of 1, cv2.filter2D's bytes, odd and even sides alike."""
    weights = np.random.default_rng(size).integers(-5, 6, size)
    theirs = cv2.filter2D(PICTURE, -1, weights.astype(float), borderType=getattr(cv2, f"BORDER_{border.upper()}"))
    assert np.array_equal(correlate(PICTURE, Kernel(weights), border=border), theirs)


@pytest.mark.parametrize("size", [(63, 63), (1, 63), (62, 2), (33, 64 - 33)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2), (8, 11)])
@pytest.mark.parametrize("border", BORDERS)
def test_a_kernel_may_be_larger_than_the_picture(border: Border, shape: tuple[int, int], size: tuple[int, int]) -> None:
    """In mode same, borders reach as far as they must."""
    image, kernel = PICTURE[: shape[0], : shape[1]], Kernel(RNG.integers(-3, 4, size), divisor=7, offset=100)
    assert_same_bytes(correlate(image, kernel, border=border), reference.correlate(image, kernel, border))


@pytest.mark.parametrize("make", [lambda: kernels.gaussian(2), lambda: kernels.box(5), lambda: kernels.sobel()])
def test_kernels_that_factor_give_the_references_bytes(make: Callable[[], Kernel]) -> None:
    """However a separable kernel is computed, every byte is the reference's."""
    for border in BORDERS:
        assert_same_bytes(correlate(PICTURE, make(), border=border), reference.correlate(PICTURE, make(), border))


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_sums_do_not_overflow(level: int, dtype: type[np.generic]) -> None:
    """Weights at the limit of 30 bits, on white: saturated or exact, never wrapped."""
    image = np.full((3, 4), level, dtype=np.uint8)
    for weight in (4_210_000, -4_210_000):
        kernel = Kernel([[weight]])
        assert_same_bytes(correlate(image, kernel, dtype=dtype), reference.correlate(image, kernel, dtype=dtype))


@layouts
def test_pixels_may_lie_in_memory_in_any_way(layout: str) -> None:
    """Slices, mirrors, transposes and read-only pictures give what their copy gives, and stay as they are."""
    image = LAYOUTS[layout](PICTURE)
    before = image.copy()
    for view, same in ((image, before), (image.T, before.T.copy())):
        assert_same_bytes(correlate(view, SHARPEN), reference.correlate(same, SHARPEN))
        assert edge_score(view) == edge_score(same)
    assert np.array_equal(image, before)


def test_the_articles_sliding_window_is_reproduced() -> None:
    """[[1..9]] with [[0, 1], [1, 0]] in valid windows gives [[6, 8], [12, 14]]."""
    image = np.arange(1, 10, dtype=np.uint8).reshape(3, 3)
    assert correlate(image, Kernel([[0, 1], [1, 0]]), mode="valid").tolist() == [[6, 8], [12, 14]]


# out=


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_given_array_is_filled_and_returned(dtype: type[np.generic], mode: Mode) -> None:
    """The same array can be used again and again; what was in it does not matter."""
    shape = (31, 45) if mode == "same" else (29, 43)
    out = np.full(shape, 77, dtype=dtype)
    for function, kernel in ((correlate, SHARPEN), (convolve, SHARPEN.rotated()), (correlate, SHARPEN)):
        assert function(PICTURE, kernel, mode=mode, dtype=dtype, out=out) is out
        assert_same_bytes(out, reference.correlate(PICTURE, SHARPEN, mode=mode, dtype=dtype))


def test_results_are_arrays_of_their_own() -> None:
    """Without out, no two results share memory, with each other or with the picture."""
    image = PICTURE.copy()
    first, second = correlate(image, Kernel([[1]])), correlate(image, Kernel([[1]]))
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, image)
    first[:] = 0
    assert np.array_equal(second, image)


def _shared() -> tuple[Pixels, Pixels]:
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
def test_an_array_that_cannot_take_the_result_is_refused(case: str) -> None:
    """Wrong dtype, shape, protection or overlap: an error, and nothing written."""
    out, error, message = BAD_OUTS[case]
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    if case == "the picture itself":
        out = image
    elif case == "a part of the picture":
        image, out = _shared()
    before = image.copy()
    with pytest.raises(error, match=message):
        correlate(image, SHARPEN, out=out)
    with pytest.raises(error, match=message):
        Filter("blur")(image, out=out)
    assert np.array_equal(image, before)


# Bad pictures and options


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
FACES: dict[str, Callable[[Any], object]] = {
    "correlate": lambda image: correlate(image, SHARPEN),
    "convolve": lambda image: convolve(image, SHARPEN),
    "edge_score": edge_score,
    "Filter": lambda image: Filter("edge")(image),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_what_is_no_picture_is_refused_with_the_cure(case: str, face: str) -> None:
    """The message says what was found and how to make a picture of it."""
    image, error, message = BAD_IMAGES[case]
    with pytest.raises(error, match=message):
        FACES[face](image)


@pytest.mark.parametrize("function", [correlate, convolve])
def test_colour_is_refused_where_gray_is_meant(function: Callable[..., object]) -> None:
    """A kernel slides over gray; the message holds the conversion."""
    with pytest.raises(ShapeError, match=r"must be gray.*cv2\.cvtColor"):
        function(COLOUR, SHARPEN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"border": "mirror"}, "border: must be one of reflect_101, .*, found 'mirror'"),
        ({"mode": "full"}, "mode: must be same or valid, found 'full'"),
        ({"dtype": np.float64}, "dtype: must be uint8, int16 or float32, found float64"),
        ({"dtype": np.int8}, "dtype: must be uint8, int16 or float32, found int8"),
    ],
    ids=str,
)
def test_unknown_options_are_refused_with_the_known_ones(options: dict[str, Any], message: str) -> None:
    """Border, mode and dtype."""
    for function in (correlate, convolve):
        with pytest.raises(OptionError, match=message):
            function(PICTURE, SHARPEN, **options)


# Scores


@given(images, st.integers(0, 100))
def test_an_edge_score_is_the_references(image: Pixels, percent: int) -> None:
    """Exactly, for any picture and threshold: sums are integers."""
    rule = ScoreRule(threshold=Fraction(percent, 100))
    assert edge_score(image, threshold=percent / 100) == rule.score(reference.score_sums(image, rule))


@pytest.mark.parametrize(
    ("picture", "score"),
    [
        ([[200, 200], [200, 200]], EdgeScore(0, 0, 0)),
        ([[200, 200], [0, 0]], EdgeScore(800 / 1020, 0, 1)),
        ([[200, 0], [200, 0]], EdgeScore(0, 800 / 1020, 1)),
        ([[255]], EdgeScore(0, 0, 0)),
    ],
    ids=["flat", "horizontal edge", "vertical edge", "one pixel"],
)
def test_the_articles_pictures_score_as_they_respond(picture: list[list[int]], score: EdgeScore) -> None:
    """0/800/0 and 0/0/800 of 1020; a picture smaller than the window has no edge."""
    assert edge_score(np.array(picture, dtype=np.uint8)) == score


def test_the_score_of_a_colour_picture_is_that_of_its_luma() -> None:
    """BGR as cv2.cvtColor makes it gray."""
    assert edge_score(COLOUR) == edge_score(np.asarray(cv2.cvtColor(COLOUR, cv2.COLOR_BGR2GRAY), np.uint8))


@pytest.mark.parametrize(
    ("threshold", "error"),
    [(-0.1, OptionError), (1.1, OptionError), (float("nan"), KernelError), ("much", KernelError)],
)
def test_a_threshold_out_of_range_is_refused(threshold: Any, error: type[LivefilterError]) -> None:
    """It is a share, from 0 to 1."""
    with pytest.raises(error, match="threshold: must be"):
        edge_score(PICTURE, threshold=threshold)


# Filter


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
    assert_filters_as_the_reference(Filter(preset_of(tmp_path_factory.mktemp("chain"), steps)), data.draw(images))


@pytest.mark.parametrize("step", STEPS)
def test_each_step_filters_as_the_reference(step: str, tmp_path: Path) -> None:
    """One step at a time, on a picture large enough to have an inside."""
    assert_filters_as_the_reference(Filter(preset_of(tmp_path, [step])), PICTURE)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (31, 45)])
def test_a_filter_takes_frames_of_any_size(shape: tuple[int, int]) -> None:
    """One filter, one size after another, from a single pixel on."""
    filter_ = Filter("edge")
    for image in (PICTURE[: shape[0], : shape[1]], PICTURE):
        assert_filters_as_the_reference(filter_, image)


@layouts
def test_a_filter_takes_colour_in_any_layout(layout: str) -> None:
    """BGR is filtered as cv2.cvtColor's gray, with the same score."""
    image = LAYOUTS[layout](COLOUR)
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


def test_a_filter_without_steps_gives_a_copy() -> None:
    """The frame goes through as it is, and is never handed out itself."""
    image = PICTURE.copy()
    result = Filter(Preset(name="nothing", steps=()))(image).image
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


def test_a_filter_fills_a_given_array() -> None:
    """The array is returned in Filtered, again and again."""
    filter_ = Filter("blur")
    out = np.empty(PICTURE.shape, np.uint8)
    for image in (PICTURE, PICTURE[::-1], COLOUR):
        filtered = filter_(image, out=out)
        assert filtered.image is out
        assert_same_bytes(out, filter_(image).image)


def test_a_preset_may_name_its_own_score(tmp_path: Path) -> None:
    """Score kernels and threshold come from the preset, and look at the unfiltered picture."""
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
    """Strips of any number give the reference's picture and score."""
    assert_filters_as_the_reference(Filter("edge", threads=threads), np.tile(PICTURE, (4, 3)))


def test_one_filter_serves_several_threads_at_once() -> None:
    """Calls from eight threads give what calls one by one give."""
    filter_ = Filter("edge", threads=2)
    frames = [np.roll(PICTURE, at, axis=1) for at in range(16)]
    alone = [filter_(frame) for frame in frames]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(filter_, frames))
    for one, other in zip(alone, together, strict=True):
        assert_same_bytes(other.image, one.image)
        assert other.score == one.score


def test_a_filter_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Unknown presets and a number of threads below one."""
    with pytest.raises(PresetError, match="did you mean 'edge'"):
        Filter("egde")
    with pytest.raises(PresetError, match="no such file"):
        Filter(tmp_path / "gone.yaml")
    for threads in (0, -1):
        with pytest.raises(OptionError, match=f"threads: must be at least 1, found {threads}"):
            Filter("edge", threads=threads)
