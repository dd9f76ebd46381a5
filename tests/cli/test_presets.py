"""``presets``: what there is, what is in one, what they look like."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import platformdirs
import pytest

from livefilter.cli import run
from livefilter.presets import list_presets, load_preset


def test_all_presets_are_listed_with_their_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the preview's digits."""
    assert run(["presets"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("    ")]
    assert [line.split()[0] for line in lines] == list_presets()


def test_the_list_can_be_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and descriptions, for programs."""
    assert run(["presets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed == {name: load_preset(name).description for name in list_presets()}


def test_a_broken_preset_of_ones_own_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed too, with what is wrong."""
    folder = platformdirs.user_config_path("livefilter") / "presets"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("steps: 3\n")
    assert run(["presets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["mine"].startswith("cannot be loaded: ")
    assert "edge" in listed


def test_a_preset_is_shown_with_its_kernels_as_matrices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file itself, then each step's kernel with divisor and offset; one too large is only described."""
    path = tmp_path / "own.yaml"
    path.write_text(
        "steps:\n"
        "  - kernel: {weights: [[0, -1], [10, 5], [1, 1]], divisor: 16, offset: 128}\n"
        "  - gradient: {operator: prewitt}\n"
        "  - box: {size: 31}\n"
        "  - tone: {gain: 2}\n"
    )
    assert run(["presets", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"# {path}\nsteps:\n")
    assert "step 1, kernel:\n  [  0  -1 ]\n  [ 10   5 ]  / 16  + 128\n  [  1   1 ]\n" in shown
    assert shown.count("step 2, gradient:\n") == 2
    assert "step 3, box:\n  31 x 31 weights, too large to print\n" in shown
    assert "step 4" not in shown


@pytest.mark.parametrize("name", list_presets())
def test_every_shipped_preset_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON."""
    assert run(["presets", name]) == 0
    assert f"{name}.yaml" in capsys.readouterr().out
    assert run(["presets", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == load_preset(name).name


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """For editors."""
    assert run(["presets", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


def test_before_and_after_are_drawn(
    clip: Path, negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two tiles side by side with their names, of the frame that is asked for; the file is named, and kept."""
    target = tmp_path / "sheet.png"
    assert run(["presets", negative, "--image", str(clip), "--frame", "3", "-o", str(target)]) == 0
    assert capsys.readouterr().out == f"wrote {target}\n"
    sheet = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert sheet is not None
    assert sheet.shape[1] == 2 * (320 + 8) + 8
    before, after = sheet[8:248, 8:328], sheet[8:248, 336:656]
    assert int(np.abs(before.astype(np.int64) + after - 255).max()) <= 1  # Each is scaled, and rounded, by itself.
    assert run(["presets", negative, "--image", str(clip), "-o", str(target)]) == 4
    assert run(["presets", negative, "--image", str(clip), "-o", str(target), "--overwrite"]) == 0


@pytest.mark.jit
def test_a_sheet_of_all_presets_is_drawn(tmp_path: Path) -> None:
    """Four in a row, the original first."""
    picture = tmp_path / "small.png"
    cv2.imwrite(str(picture), np.tile(np.arange(0, 240, 5, dtype=np.uint8), (36, 1)))
    target = tmp_path / "sheet.jpg"
    assert run(["presets", "--image", str(picture), "-o", str(target)]) == 0
    sheet = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert sheet is not None
    assert sheet.shape[1] == 4 * (320 + 8) + 8
    assert sheet.shape[0] > -(-(len(list_presets()) + 1) // 4) * 240
