"""Presets that extend others."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefilter.errors import PresetError
from livefilter.presets import Preset, load_preset, user_folder

BASE = """\
name: base
description: the base
steps:
  - gaussian: {sigma: 1, border: wrap}
  - kernel: {weights: [[0, 1], [1, 0]]}
  - gaussian: {sigma: 2}
  - laplacian:
score: {threshold: 0.3}
overlay: {name: false, scores: false}
"""


def extended(folder: Path, text: str, base: str = BASE) -> Preset:
    """Load a preset that has base.yaml beside it."""
    (folder / "base.yaml").write_text(base, encoding="utf-8")
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return load_preset(folder / "mine.yaml")


def test_a_bare_extend_is_the_other_preset_under_its_own_name(tmp_path: Path) -> None:
    """Everything is inherited but the name, which is the file's."""
    mine = extended(tmp_path, "extend: ./base.yaml\n")
    base = load_preset(tmp_path / "base.yaml")
    assert mine.name == "mine"
    assert mine == base.model_copy(update={"name": "mine"})


def test_each_file_is_told_before_it_is_read(tmp_path: Path) -> None:
    """Also where reading fails, so that a program can wait until the file is corrected."""
    told: list[str] = []
    (tmp_path / "base.yaml").write_text("extend: ./further.yaml\n")
    (tmp_path / "mine.yaml").write_text("extend: ./base.yaml\n")
    with pytest.raises(PresetError, match=r"further\.yaml: no such file"):
        load_preset(tmp_path / "mine.yaml", on_read=lambda path: told.append(path.name))
    assert told == ["mine.yaml", "base.yaml", "further.yaml"]


def test_mappings_merge_and_lists_replace(tmp_path: Path) -> None:
    """A single key of score or overlay changes alone; steps are replaced as a whole."""
    mine = extended(tmp_path, "extend: ./base.yaml\nsteps: [box: {size: 3}]\noverlay: {scores: true}\n")
    assert [step.step for step in mine.steps] == ["box"]
    assert mine.score.threshold == 0.3
    assert (mine.overlay.name, mine.overlay.scores) == (False, True)
    assert mine.description == "the base"


def test_override_changes_all_steps_of_a_name(tmp_path: Path) -> None:
    """Given settings change, the others of each step stay."""
    mine = extended(tmp_path, "extend: ./base.yaml\noverride: {gaussian: {size: 5}}\n").model_dump()["steps"]
    assert [step.get("size") for step in mine] == [5, None, 5, None]
    assert [step.get("sigma") for step in mine] == [1, None, 2, None]
    assert mine[0]["border"] == "wrap"


def test_override_by_number_changes_one_step(tmp_path: Path) -> None:
    """gaussian.2 is the second gaussian, wherever it stands."""
    mine = extended(tmp_path, "extend: ./base.yaml\noverride: {gaussian.2: {sigma: 9}}\n").model_dump()["steps"]
    assert [step.get("sigma") for step in mine] == [1, None, 9, None]


def test_override_replaces_a_matrix_as_a_whole(tmp_path: Path) -> None:
    """Rows do not merge with rows."""
    mine = extended(tmp_path, "extend: ./base.yaml\noverride: {kernel: {weights: [[5]]}}\n")
    assert mine.model_dump()["steps"][1]["weights"] == ((5,),)


def test_override_reaches_a_step_that_had_no_settings(tmp_path: Path) -> None:
    """'laplacian:' alone can be given a gain."""
    mine = extended(tmp_path, "extend: ./base.yaml\noverride: {laplacian: {gain: 2}}\n")
    assert mine.model_dump()["steps"][3]["gain"] == 2


def test_a_chain_of_presets_hands_down_what_is_not_changed(tmp_path: Path) -> None:
    """Grandparent, parent, child; overrides apply from the oldest on."""
    (tmp_path / "middle.yaml").write_text(
        "extend: ./base.yaml\ndescription: the middle\noverride: {gaussian.1: {sigma: 7}}\n", encoding="utf-8"
    )
    mine = extended(tmp_path, "extend: ./middle.yaml\noverride: {gaussian.1: {border: reflect}}\n")
    assert (mine.description, mine.score.threshold) == ("the middle", 0.3)
    first = mine.model_dump()["steps"][0]
    assert (first["sigma"], first["border"]) == (7, "reflect")


def test_names_are_not_looked_for_beside_the_file(tmp_path: Path) -> None:
    """'extend: blur' is the shipped blur, even with a blur.yaml in the same folder; a path is relative to the file."""
    (tmp_path / "blur.yaml").write_text("steps: []\n", encoding="utf-8")
    assert extended(tmp_path, "extend: blur\n").steps == load_preset("blur").steps
    assert extended(tmp_path, "extend: blur.yaml\n").steps == ()


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    """Also two folders up the chain, whatever the current folder is."""
    deep = tmp_path / "deep"
    deep.mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (deep / "middle.yaml").write_text("extend: ../base.yaml\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("extend: deep/middle.yaml\n", encoding="utf-8")
    assert load_preset(tmp_path / "mine.yaml").description == "the base"


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_of_presets_is_refused(length: int, tmp_path: Path) -> None:
    """A preset that leads back to itself, directly or not, is an error with its location."""
    for at in range(length):
        (tmp_path / f"{at}.yaml").write_text(f"extend: ./{(at + 1) % length}.yaml\n", encoding="utf-8")
    with pytest.raises(PresetError, match=r"yaml:1:9: extend: './0.yaml' leads back to this preset") as caught:
        load_preset(tmp_path / "0.yaml")
    assert str(tmp_path / f"{length - 1}.yaml") in str(caught.value)


@pytest.mark.parametrize(
    ("base", "mine", "place", "message"),
    [
        ("steps:\n - box: {size: 0}\n", "extend: ./base.yaml\n", "base.yaml:2:16", "steps[0].box.size: must be"),
        ("steps: []\nsoup: 1\n", "extend: ./base.yaml\n", "base.yaml:2:1", "unknown key 'soup'"),
        ("steps: [\n", "extend: ./base.yaml\n", "base.yaml:2:1", "not valid YAML"),
        ("steps: []\n", "extend: ./base.yaml\nscore: {threshold: 2}\n", "mine.yaml:2:20", "score.threshold"),
        ("score: {threshold: 2}\nsteps: []\n", "extend: ./base.yaml\nscore: {}\n", "base.yaml:1:20", "score.threshold"),
        ("score: 3\nsteps: []\n", "extend: ./base.yaml\nscore: {thresold: 2}\n", "mine.yaml:2:9", "'thresold'"),
        (
            "steps: [box: {size: 3}]\n",
            "extend: ./base.yaml\noverride: {box: {border: torn}}\n",
            "mine.yaml:2:26",
            "steps[0].box.border",
        ),
        (
            "steps: [box: {}]\n",
            "extend: ./base.yaml\noverride: {box: {}}\n",
            "base.yaml:1:14",
            "steps[0].box.size: is required",
        ),
        ("steps: 5\n", "extend: ./base.yaml\noverride: {box: {}}\n", "mine.yaml:2:12", "no inherited step to change"),
        ("steps: [5]\n", "extend: ./base.yaml\noverride: {box: {}}\n", "mine.yaml:2:12", "no inherited step 'box'"),
        ("extend: ./gone.yaml\n", "extend: ./base.yaml\n", "base.yaml:1:9", "gone.yaml: no such file"),
        ("description: x\n", "extend: ./base.yaml\n", "base.yaml:1:1", "steps: is required, but missing"),
    ],
)
def test_a_mistake_is_told_in_the_file_that_holds_it(
    base: str, mine: str, place: str, message: str, tmp_path: Path
) -> None:
    """Inherited values point into the parent's file, changed ones into the child's."""
    with pytest.raises(PresetError) as caught:
        extended(tmp_path, mine, base)
    assert f"{place}: " in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_users_own_edge_starts_from_the_shipped_edge() -> None:
    """A preset that extends its own name means the shipped one of that name."""
    user_folder().mkdir(parents=True)
    (user_folder() / "edge.yaml").write_text("extend: edge\noverride: {gaussian: {sigma: 3}}\n", encoding="utf-8")
    steps = load_preset("edge").model_dump()["steps"]
    assert [step["step"] for step in steps] == ["gaussian", "gradient", "tone"]
    assert steps[0]["sigma"] == 3
