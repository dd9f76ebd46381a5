"""Zones of presets, and zones files."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from livefilter.errors import PresetError
from livefilter.kernels import Zone
from livefilter.presets import Preset, load_preset, load_zones

DOOR = Zone("door", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.9)))
TILL = Zone("till", ((0.6, 0), (1, 0), (1, 1)))
TEXT = "door: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]\ntill:\n  - [0.6, 0]\n  - [1, 0]\n  - [1, 1]\n"


def indented(text: str) -> str:
    """Return the text under the key ``zones``."""
    return "zones:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def test_a_preset_has_its_zones_in_order(tmp_path: Path) -> None:
    """And stays immutable: it can be hashed, pickled and compared."""
    (tmp_path / "mine.yaml").write_text("steps: []\n" + indented(TEXT))
    preset = load_preset(tmp_path / "mine.yaml")
    assert preset.zones == (DOOR, TILL)
    assert pickle.loads(pickle.dumps(preset)) == preset
    assert hash(preset) == hash(load_preset(tmp_path / "mine.yaml"))


def test_a_preset_made_in_python_takes_a_mapping() -> None:
    """Or Zones."""
    preset = Preset.model_validate({"name": "mine", "steps": (), "zones": {"door": DOOR.points}})
    assert preset.zones == Preset(name="mine", steps=(), zones=(DOOR,)).zones == (DOOR,)


def test_extending_adds_zones_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    """As for any mapping: key by key; points are a list, which replaces."""
    (tmp_path / "base.yaml").write_text("steps: []\n" + indented(TEXT))
    (tmp_path / "mine.yaml").write_text(
        "extend: ./base.yaml\nzones: {till: [[0, 0], [1, 0], [1, 1], [0, 1]], hall: [[0.6, 0], [1, 0], [1, 1]]}\n"
    )
    zones = load_preset(tmp_path / "mine.yaml").zones
    assert [zone.name for zone in zones] == ["door", "till", "hall"]
    assert zones[0] == DOOR
    assert len(zones[1].points) == 4
    assert zones[2].points == TILL.points


def test_a_mistake_in_an_inherited_zone_has_the_place_in_the_other_file(tmp_path: Path) -> None:
    """Locations follow their values."""
    (tmp_path / "base.yaml").write_text("steps: []\nzones:\n  door: [[0, 0], [1, 1]]\n")
    (tmp_path / "mine.yaml").write_text("extend: ./base.yaml\nzones: {till: [[0.6, 0], [1, 0], [1, 1]]}\n")
    with pytest.raises(PresetError, match=r"base\.yaml:3:9: zones\.door: must have 3 to 256 points, found 2"):
        load_preset(tmp_path / "mine.yaml")


@pytest.mark.parametrize("text", [TEXT, indented(TEXT), "\ufeff" + TEXT.replace("\n", "\r\n")])
def test_a_zones_file_is_a_mapping_or_has_one_under_zones(tmp_path: Path, text: str) -> None:
    """Both forms, also as Windows writes them."""
    path = tmp_path / "zones.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    assert load_zones(path) == (DOOR, TILL)
    assert load_zones(str(path)) == (DOOR, TILL)


def test_a_zone_may_be_called_zones(tmp_path: Path) -> None:
    """Its value is a list, so it is no mapping of zones."""
    (tmp_path / "zones.yaml").write_text("zones: [[0, 0], [1, 0], [1, 1]]\nother: [[0, 0], [1, 0], [1, 1]]\n")
    assert [zone.name for zone in load_zones(tmp_path / "zones.yaml")] == ["zones", "other"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1:1: the file is empty; a zones file is a mapping such as 'door: [["),
        ("- [0, 0]\n", ":1:1: a zones file is a mapping such as 'door: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]', found a"),
        ("door: [[0, 0], [1, 1]]\n", ":1:7: door: must have 3 to 256 points, found 2"),
        ("zones:\n  door: [[0, 0], [1, 0], [1, 2]]\n", ":2:30: zones.door[2][1]: must be from 0 to 1"),
        ("zones: {}\ndoor: [[0, 0], [1, 0], [1, 1]]\n", ":2:1: unknown key 'door' beside 'zones'; put all zones under"),
        ("2nd: [[0, 0], [1, 0], [1, 1]]\n", ":1:1: '2nd': the name must be a letter"),
        ("door: [[0, 0], [1, 0], [1, 1]\n", ":2:1: not valid YAML"),
        ("door: &a [*a]\n", ":1:7: an alias must not contain itself"),
        ("#" * 1_000_001, ":1:1: a zones file has at most 1,000,000 bytes"),
    ],
)
def test_a_bad_zones_file_is_named_with_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    """As for presets."""
    path = tmp_path / "zones.yaml"
    path.write_text(text)
    with pytest.raises(PresetError, match=re.escape(f"{path}{message}")):
        load_zones(path)


def test_a_zones_file_that_is_not_there(tmp_path: Path) -> None:
    """Or is a folder, or no text."""
    with pytest.raises(PresetError, match=r"zones\.yaml: no such file"):
        load_zones(tmp_path / "zones.yaml")
    with pytest.raises(PresetError, match="a zones file is a file, this is a folder"):
        load_zones(tmp_path)
    (tmp_path / "zones.yaml").write_bytes(b"door:\n  \xff")
    with pytest.raises(PresetError, match=r":2:3: a zones file is UTF-8 text, found the byte 0xff"):
        load_zones(tmp_path / "zones.yaml")
