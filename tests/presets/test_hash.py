"""A preset's hash: the same for the same pictures and scores, whatever the file looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from livefilter.presets import Preset, list_presets, load_preset

PresetOf = Callable[..., Preset]
PLAIN = "steps: [gaussian: {sigma: 1.5}, threshold: {level: 100}]"


@pytest.fixture
def preset_of(tmp_path: Path) -> PresetOf:
    """A function from YAML to a preset."""

    def make(text: str, name: str = "mine") -> Preset:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return load_preset(path)

    return make


@pytest.mark.parametrize(
    "text",
    [
        f"# a comment\ndescription: Something else.\n{PLAIN}",
        f"name: other\n{PLAIN}",
        "steps:\n  - gaussian:\n     border: reflect_101\n     sigma: 1.50\n  - threshold: {level: 100, mode: binary}",
        f"{PLAIN}\nscore: {{threshold: 0.1}}\noverlay: {{scores: true}}",
    ],
)
def test_what_changes_nothing_leaves_it(preset_of: PresetOf, text: str) -> None:
    """Comments, description, name, the order of keys, and defaults that are written out."""
    assert preset_of(text, "one").hash == preset_of(PLAIN, "two").hash


@pytest.mark.parametrize(
    "text",
    [
        "steps: [gaussian: {sigma: 1.6}, threshold: {level: 100}]",
        "steps: [threshold: {level: 100}, gaussian: {sigma: 1.5}]",
        "steps: [gaussian: {sigma: 1.5}]",
        f"{PLAIN}\nscore: {{threshold: 0.2}}",
        f"{PLAIN}\noverlay: {{scores: false}}",
        f"{PLAIN}\nzones: {{door: [[0, 0], [1, 0], [1, 1]]}}",
    ],
)
def test_what_changes_pictures_or_scores_changes_it(preset_of: PresetOf, text: str) -> None:
    """A setting, the order of steps, a step less, the score's rule, what is drawn, a zone."""
    assert preset_of(text).hash != preset_of(PLAIN).hash


def test_it_is_the_same_on_every_machine_and_in_every_version(preset_of: PresetOf) -> None:
    """It stands in files that outlive this version."""
    assert preset_of(PLAIN).hash == "a3f2068ba73f70c6"


def test_all_shipped_presets_differ() -> None:
    """No two of them do the same."""
    hashes = {load_preset(name).hash for name in list_presets()}
    assert len(hashes) == len(list_presets())
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in hashes)
