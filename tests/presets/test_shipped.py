"""The presets that come along."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from livefilter.kernels import reference
from livefilter.presets import list_presets, load_preset
from livefilter.resources import resource_folder

NAMES = sorted(file.stem for file in resource_folder("configs").iterdir())
ASKED_FOR = {
    "edge", "blur", "sharpen", "outline", "emboss", "sketch", "neon", "soft-focus", "box-blur", "unsharp", "laplacian",
    "sobel-horizontal", "sobel-vertical", "privacy-blur", "security",
}  # fmt: skip


@pytest.fixture(scope="module")
def picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A ramp with a bright box and noise: something for every filter to act on."""
    ramp = np.add.outer(np.arange(40), np.arange(48)) * 2
    ramp[10:30, 12:30] += 60
    return np.asarray((ramp + np.random.default_rng(11).integers(0, 8, ramp.shape)).clip(0, 255), dtype=np.uint8)


def test_the_folder_holds_presets_and_nothing_else() -> None:
    """Every file is a preset with the usual suffix, and every promised preset is there."""
    assert {file.suffix for file in resource_folder("configs").iterdir()} == {".yaml"}
    assert set(NAMES) >= ASKED_FOR
    assert set(NAMES) == set(list_presets())


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_preset_loads_and_says_what_it_is_for(name: str) -> None:
    """It is called like its file, does something, and has a description of one sentence."""
    preset = load_preset(name)
    assert preset.name == name
    assert preset.steps
    assert len(preset.description) > 20
    assert preset.description.endswith(".")
    assert "\n" not in preset.description


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_preset_changes_the_picture(
    name: str, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    """The result is neither the input nor a single level."""
    result = reference.apply_all(load_preset(name).operations, picture)
    assert result.shape == picture.shape
    assert not np.array_equal(result, picture)
    assert np.ptp(result) > 0


def test_no_two_shipped_presets_are_alike() -> None:
    """Other operations and another description each: none is there twice."""
    alike: dict[object, list[str]] = defaultdict(list)
    for name in NAMES:
        preset = load_preset(name)
        alike[preset.operations].append(name)
        alike[preset.description].append(name)
    assert [names for names in alike.values() if len(names) > 1] == []
