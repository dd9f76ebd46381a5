"""``livefilter explain``: every number that it shows is one that the compiled filter works with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter import kernels
from livefilter.cli import run
from livefilter.cli.explain import Explanation, KernelOperation, draw_figure, explain, parse_kernel, strongest_response
from livefilter.compiler import Filter, correlate
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import BORDERS, Border, Correlation, Gradient, Kernel, Unsharp, response
from livefilter.presets import STEPS, Preset, list_presets, load_preset

NOISE: Pixels = np.random.default_rng(5).integers(0, 256, (13, 17), dtype=np.uint8)
STEP = np.repeat(np.array([[20] * 6 + [220] * 6], dtype=np.uint8), 9, axis=0)
"""Dark left, bright right; the first bright column is 6."""

Save = Callable[[Any], str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save pixels as a PNG and return its path."""

    def write(pixels: Any) -> str:
        path = str(tmp_path / "picture.png")
        assert cv2.imwrite(path, np.asarray(pixels, dtype=np.uint8))
        return path

    return write


def one_step(name: str, **settings: Any) -> Preset:
    """Return a preset of one step."""
    return Preset(name="test", steps=(STEPS[name].model_validate(settings),))


def explained(preset: Preset, place: tuple[int, int], image: Pixels = NOISE, step: int = 0) -> Explanation:
    """Explain one pixel of one step, between the pictures that the compiled filter gives."""
    before, after = (
        Filter(preset.model_copy(update={"steps": preset.steps[:count]}))(image).image for count in (step, step + 1)
    )
    operation = preset.operations[step]
    assert isinstance(operation, Correlation | Gradient | Unsharp)
    return explain(operation, before, after, place)


def rows(lines: list[str], first: str) -> list[list[float]]:
    """Return the numbers of the matrices below the headline that starts with ``first``, signs between them left out."""
    start = next(at for at, line in enumerate(lines) if line.startswith(first)) + 1
    end = next(at for at in range(start, len(lines)) if not lines[at] or ":" in lines[at])
    return [[float(word) for word in line.split() if word not in ("x", "=")] for line in lines[start:end]]


# The numbers


def test_the_articles_example_is_shown_number_by_number(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """[[1, 2, 3], [4, 5, 6], [7, 8, 9]] by [[0, 1], [1, 0]]: the last window gives 14, as the article has it."""
    picture = save([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert run(["explain", "[[0, 1], [1, 0]]", "--image", picture, "--at", "2,2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert rows(lines, "window") == [[5, 6, 0, 1, 0, 6], [8, 9, 1, 0, 8, 0]]
    assert [line.split()[-1] for line in lines[-2:]] == ["14", "14"]


@pytest.mark.parametrize("name", list_presets())
def test_every_step_of_every_preset_ends_in_the_pixel_that_the_filter_gives(name: str) -> None:
    """The last stage, worked out in fractions from the numbers shown, is the compiled filter's pixel."""
    preset = load_preset(name)
    for step, operation in enumerate(preset.operations):
        if isinstance(operation, KernelOperation):
            explanation = explained(preset, (2, 1), NOISE[:5, :6], step)
            assert explanation.stages[-1][1] == explanation.result


@given(
    weights=st.integers(1, 4).flatmap(
        lambda cols: st.lists(st.lists(st.integers(-9, 9), min_size=cols, max_size=cols), min_size=1, max_size=4)
    ),
    divisor=st.sampled_from([1, 2, -3, 0.5, 0.3, 7.25, 1234]),
    offset=st.sampled_from([0, 128, -7.5, 0.1]),
    absolute=st.booleans(),
    border=st.sampled_from(BORDERS),
    place=st.tuples(st.integers(0, 12), st.integers(0, 16)),
)
def test_any_kernel_ends_in_the_pixel_that_the_filter_gives(
    weights: list[list[int]],
    divisor: float,
    offset: float,
    absolute: bool,
    border: Border,
    place: tuple[int, int],
) -> None:
    """Whatever the divisor, offset, sign and border: sum, stages, rounding and saturation are the filter's own."""
    settings = {"weights": weights, "divisor": divisor, "offset": offset, "absolute": absolute, "border": border}
    explanation = explained(one_step("kernel", **settings), place)
    assert explanation.stages[-1][1] == explanation.result


@given(weights=st.lists(st.lists(st.sampled_from([0.1, 1 / 3, -2.0, 0.0]), min_size=3, max_size=3), min_size=1))
def test_the_sum_over_the_divisor_is_what_correlate_gives(weights: list[list[float]]) -> None:
    """The sum of the products, divided, is the float32 response of the compiled correlate, and that of ``response``."""
    weights = weights[:5]
    explanation = explained(one_step("kernel", weights=weights), (5, 5))
    part, kernel = explanation.kernels[0], Kernel(weights)
    assert np.float32(part.total / part.divisor) == correlate(NOISE, kernel, dtype=np.float32)[5, 5]
    assert float(part.total / part.divisor) == pytest.approx(response(part.window, kernel), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("gain", [1, 1.2, 0.07, 3.14159])
def test_a_gradient_combines_its_two_sums_by_its_norm(norm: str, gain: float) -> None:
    """Both kernels are explained, and the length of (x, y) is the pixel, for every norm and gain."""
    for place in ((0, 3), (7, 7), (12, 16)):
        explanation = explained(one_step("gradient", norm=norm, gain=gain), place)
        assert [part.name for part in explanation.kernels] == ["x", "y"]
        assert explanation.stages[-1][1] == explanation.result


@pytest.mark.parametrize("threshold", [0, 40, 255])
def test_unsharp_shows_its_blur_and_what_is_added(threshold: int) -> None:
    """The difference from the blur decides: below the threshold the pixel stays, and else it is added."""
    for place in np.ndindex(5, 6):
        explanation = explained(one_step("unsharp", sigma=0.6, amount=1.75, threshold=threshold), place)
        assert explanation.stages[-1][1] == explanation.result
        stays = any("stays" in words for words, _ in explanation.stages)
        difference = next(value for words, value in explanation.stages if "minus its blur" in words)
        assert stays == (abs(difference) < threshold)
        assert not stays or explanation.result == NOISE[place]


def test_stages_that_change_nothing_are_not_shown() -> None:
    """A plain whole sum within 0 to 255 is the pixel: no divisor, offset, rounding or saturation to tell of."""
    explanation = explained(one_step("kernel", weights=[[1]]), (4, 4))
    assert explanation.stages == (("sum of the products", Fraction(int(NOISE[4, 4]))),)


def test_rounding_of_a_half_and_saturation_are_told() -> None:
    """2.5 becomes 2, and the words say why; -3 becomes 0."""
    image = np.full((3, 3), 5, dtype=np.uint8)
    halved = explained(one_step("kernel", weights=[[1]], divisor=2), (1, 1), image)
    assert halved.stages[1:] == (("divided by 2", Fraction(5, 2)), ("rounded half to even", Fraction(2)))
    below = explained(one_step("kernel", weights=[[1]], offset=-8), (1, 1), image)
    assert below.stages[1:] == (("minus 8", Fraction(-3)), ("saturated at 0", Fraction(0)))


def test_a_gain_is_shown_as_what_it_multiplies_by() -> None:
    """Sobel with gain 1.2 keeps its -1, 0, 1 and says "times 1.2"."""
    explanation = explained(one_step("gradient", gain=1.2), (6, 6))
    assert explanation.kernels[0].weights.tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert explanation.stages[1][0] == "times 1.2"


def test_pixels_beyond_the_edge_are_marked_and_named(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """In the corner, 5 of 9 pixels come from the border rule."""
    explanation = explained(one_step("kernel", weights=np.ones((3, 3)).tolist()), (0, 0))
    assert explanation.kernels[0].is_inside.tolist() == [[False] * 3, [False, True, True], [False, True, True]]
    assert run(["explain", "box-3", "--image", save(NOISE), "--at", "0,0"]) == 0
    assert "5 of the window's pixels are outside the image: reflect_101" in capsys.readouterr().out


# The place


def test_without_a_place_it_is_the_strongest_response_first_in_reading_order() -> None:
    """On a vertical step all rows respond alike: the first window inside the picture, at the step, is taken."""
    sobel = Correlation(kernels.sobel())
    assert strongest_response(sobel, STEP) == (1, 5)
    assert strongest_response(sobel, 255 - STEP) == (1, 5), "falling edges are as strong as rising ones"


def test_a_blur_is_explained_where_it_changes_most_and_not_where_it_is_brightest() -> None:
    """The mean is largest inside the bright half, where nothing happens; the edge is what explains a blur."""
    assert strongest_response(Correlation(kernels.box(3)), STEP) == (1, 5)


def test_a_picture_smaller_than_the_kernel_still_has_a_place() -> None:
    """Where no window lies inside the picture, all of them count."""
    image = np.array([[0, 200], [0, 0]], dtype=np.uint8)
    row, col = strongest_response(Correlation(kernels.box(5)), image)
    assert 0 <= row < 2
    assert 0 <= col < 2


@pytest.mark.parametrize("place", [(-1, 0), (13, 0), (0, 17)])
def test_a_place_outside_the_picture_is_an_error(place: tuple[int, int]) -> None:
    """The message has the rows and columns that there are."""
    with pytest.raises(OptionError, match=r"rows are 0 to 12 and columns 0 to 16, found"):
        explained(one_step("box", size=3), place)


# What is explained


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("sobel", kernels.sobel(1)),
        ("sobel-rows", kernels.sobel(0)),
        ("scharr", kernels.scharr(1)),
        ("scharr-rows", kernels.scharr(0)),
        ("prewitt", kernels.prewitt(1)),
        ("prewitt-rows", kernels.prewitt(0)),
        ("laplacian", kernels.laplacian(4)),
        ("laplacian-8", kernels.laplacian(8)),
        ("sharpen", kernels.sharpen()),
        ("emboss", kernels.emboss()),
        ("horizontal-edge", kernels.HORIZONTAL_EDGE),
        ("vertical-edge", kernels.VERTICAL_EDGE),
        ("box-4", kernels.box(4)),
        ("gaussian-5", kernels.gaussian(size=5)),
        ("[[0.5, 1], [2, 3]]", Kernel([[0.5, 1.0], [2.0, 3.0]])),
    ],
)
def test_a_kernel_can_be_named_or_typed(
    name: str, kernel: Kernel, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every name stands for the kernel of that maker, and the command gives the pixel that ``correlate`` gives."""
    assert parse_kernel(name) == kernel
    subject = name if name.startswith("[") else f"kernel:{name}"
    assert run(["explain", subject, "--image", save(NOISE), "--at", "6,7"]) == 0
    assert capsys.readouterr().out.split()[-1] == str(correlate(NOISE, kernel)[6, 7])


def test_of_a_preset_the_first_step_with_a_kernel_is_taken(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """``--step`` names another one; both kernels of a gradient are printed."""
    assert run(["explain", "edge", "--image", save(NOISE)]) == 0
    assert capsys.readouterr().out.startswith("edge, step 1 of 3: gaussian (sigma 1)")
    assert run(["explain", "edge", "--step", "2", "--image", save(NOISE), "--at", "5,5"]) == 0
    shown = capsys.readouterr().out
    assert "after step 1; row 5, column 5" in shown
    assert "kernel x" in shown
    assert "kernel y" in shown


def test_a_step_without_a_kernel_is_passed_over(tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """The first step that slides one is not always the first step."""
    preset = tmp_path / "mine.yaml"
    preset.write_text(
        "steps: [tone: {gain: 2}, kernel: {weights: [[1, 2]], divisor: 4, offset: 3.5}]", encoding="utf-8"
    )
    assert run(["explain", str(preset), "--image", save(NOISE)]) == 0
    assert capsys.readouterr().out.startswith("mine, step 2 of 2: kernel (divisor 4, offset 3.5)")


def test_where_a_preset_has_the_name_of_a_kernel_the_preset_is_taken(
    save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """As everywhere else in livefilter; standard error says how to have the kernel."""
    assert run(["explain", "sharpen", "--image", save(NOISE)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("sharpen, step 1 of 2")
    assert "kernel:sharpen" in shown.err


def test_without_an_image_it_is_the_test_chart(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but a kernel is needed."""
    assert run(["explain", "vertical-edge", "--at", "64,64"]) == 0
    assert "synthetic:chart; row 64, column 64" in capsys.readouterr().out


def test_large_kernels_are_summed_up(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """More than 9 rows or columns would be no text that anyone reads."""
    assert run(["explain", "box-11", "--image", save(NOISE)]) == 0
    assert "kernel: 11 x 11 numbers, 1 to 1" in capsys.readouterr().out


def test_matrices_that_are_too_wide_stand_below_each_other(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """No line is longer than 100 characters, whatever the length of the image's path."""
    image = save(NOISE)
    assert run(["explain", "edge", "--image", image]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.replace(image, "")) for line in lines) <= 100
    assert [line for line in lines if line in ("window", "kernel", "products")] == ["window", "kernel", "products"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["sobol"], 2, "unknown preset or kernel 'sobol'; did you mean 'sobel'?"),
        (["kernel:edge"], 2, "unknown preset or kernel 'kernel:edge'"),
        (["no/such.yaml"], 2, "no such file"),
        (["[[1, 2], [3]]"], 2, "all rows must have the same number of weights"),
        (["[[1, 2"], 2, "must be rows of numbers such as [[0, 1], [1, 0]], found [[1, 2"),
        (["[" * 100_000], 2, "must be rows of numbers"),
        (["[[NaN]]"], 2, "must be finite"),
        (["gaussian-4"], 2, "size: must be odd"),
        (["box-64"], 2, "size: must be from 1 to 63"),
        (["sobel", "--step", "2"], 2, "a kernel has one step"),
        (["edge", "--step", "3"], 2, "step: must be a step of edge with a kernel, one of 1 (gaussian), 2 (gradient)"),
        (["edge", "--step", "9"], 2, "found 9"),
        (["sobel", "--at", "7"], 2, "must be ROW,COL"),
        (["sobel", "--at", "7,900"], 2, "at: rows are 0 to 12 and columns 0 to 16, found 7,900"),
        (["sobel", "--image", "missing.png"], 3, "missing.png"),
        (["sobel", "-o", "figure.bmp"], 2, "the ending must be one of .png, .svg, .pdf, found .bmp"),
        (["sobel", "-o", "no/such/folder/figure.png"], 4, "does not exist; make it first"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(
    arguments: list[str], code: int, message: str, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 usage, preset or kernel; 3 the input; 4 the output."""
    assert run(["explain", "--image", save(NOISE), *arguments]) == code
    shown = capsys.readouterr()
    assert message in " ".join(shown.err.split())
    assert shown.out == ""


def test_a_preset_without_any_kernel_has_nothing_to_explain(
    tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tone curves look at one pixel alone."""
    preset = tmp_path / "tone.yaml"
    preset.write_text("steps: [tone: {gain: 2}]", encoding="utf-8")
    assert run(["explain", str(preset), "--image", save(NOISE)]) == 2
    assert "none of its steps has a kernel" in capsys.readouterr().err


def test_a_source_without_a_frame_cannot_be_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3, as for any input that cannot be read."""
    monkeypatch.setattr("livefilter.sources.open_source", lambda spec: nullcontext([]))
    assert run(["explain", "sobel", "--image", "empty"]) == 3
    assert "empty: has no frame" in capsys.readouterr().err


# The figure


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")])
def test_the_figure_is_written_whole_and_alone(
    ending: str, magic: bytes, tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its ending; nothing else is left in the folder."""
    target = tmp_path / "out" / f"figure.{ending}"
    target.parent.mkdir()
    assert run(["explain", "sobel", "--image", save(NOISE), "-o", str(target)]) == 0
    assert target.read_bytes().startswith(magic)
    assert list(target.parent.iterdir()) == [target]
    assert f"wrote {target}" in capsys.readouterr().out


def test_a_figure_that_exists_is_kept_unless_overwrite_is_given(
    tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, the file untouched; with --overwrite it is replaced."""
    target = tmp_path / "figure.png"
    target.write_bytes(b"mine")
    arguments = ["explain", "sobel", "--image", save(NOISE), "-o", str(target)]
    assert run(arguments) == 4
    assert target.read_bytes() == b"mine"
    assert "--overwrite" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk is exit 4, one line, and no half file."""

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    picture, target = save(NOISE), tmp_path / "out" / "figure.png"
    target.parent.mkdir()
    assert run(["explain", "sobel", "--image", picture, "-o", str(target)]) == 4
    assert "No space left on device" in capsys.readouterr().err
    assert list(target.parent.iterdir()) == []


def figure_texts(explanation: Explanation) -> list[str]:
    """Return all that is written in a figure."""
    from matplotlib.figure import Figure

    figure = Figure()
    draw_figure(figure, explanation, title="a title", note="a note")
    return [text.get_text().replace("−", "-") for text in figure.axes[0].texts]


def test_the_figure_shows_the_numbers_of_window_kernel_and_products() -> None:
    """Each cell's number is written, then the stages, then the pixel."""
    explanation = explained(one_step("kernel", weights=[[0, -1], [2, 3]], divisor=4), (5, 6))
    part, texts = explanation.kernels[0], figure_texts(explanation)
    written = [str(value) for values in (part.window, part.weights, part.products) for value in values.ravel().tolist()]
    assert [text for text in texts if text in written][: len(written)] == written
    assert "divided by 4" in texts
    assert texts[-1] == str(explanation.result)


def test_the_figure_of_a_gradient_shows_both_kernels_and_their_sums() -> None:
    """One row of matrices for x, one for y."""
    explanation = explained(one_step("gradient"), (5, 6))
    x, y = (part.total for part in explanation.kernels)
    texts = figure_texts(explanation)
    assert f"products, Σ x = {x}" in texts
    assert f"products, Σ y = {y}" in texts


def test_the_figure_of_a_large_kernel_is_a_heat_map_with_its_range() -> None:
    """No number could be read in 121 small cells; a constant window and a zero kernel draw too."""
    texts = figure_texts(explained(one_step("box", size=11), (0, 6)))
    assert "kernel  (1 to 1)" in texts
    assert len(texts) < 20
    assert figure_texts(explained(one_step("kernel", weights=[[0] * 11] * 11), (5, 6)))


def test_without_matplotlib_the_figure_is_refused_and_the_text_is_not(
    tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is the command that installs it."""
    for module in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    picture, target = save(NOISE), tmp_path / "figure.png"
    assert run(["explain", "sobel", "--image", picture]) == 0
    capsys.readouterr()
    assert run(["explain", "sobel", "--image", picture, "-o", str(target)]) == 2
    assert "pip install 'livefilter[explain]'" in capsys.readouterr().err
    assert not target.exists()


def test_it_runs_as_a_program(tmp_path: Path, save: Save) -> None:
    """The text goes to standard output and nothing to standard error."""
    command = [sys.executable, "-m", "livefilter", "explain", json.dumps([[0, 1], [1, 0]]), "--image", save(NOISE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("custom kernel")


@pytest.mark.parametrize(("flag", "first"), [("--plan", "edge: 1 pass over the frame"), ("--source", "def run_pass(")])
def test_a_view_tells_how_the_preset_is_computed(flag: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--plan and --source print that and nothing of a pixel."""
    assert run(["explain", "edge", flag]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(first)
    assert "products" not in printed


@pytest.mark.jit
def test_the_instructions_of_a_parse_kernel_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """--asm-summary works for a matrix typed in place, too."""
    assert run(["explain", "[[0, 1], [1, 0]]", "--asm-summary"]) == 0
    assert "packed 16-bit arithmetic" in capsys.readouterr().out
