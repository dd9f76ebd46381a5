"""Where presets are looked for, and what is said when one is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livefilter.errors import PresetError
from livefilter.presets import find_preset, list_presets, load_preset, user_folder
from livefilter.resources import resource_folder

SHIPPED = resource_folder("configs")


@pytest.fixture
def mine() -> Path:
    """The user's own preset folder, made and empty."""
    folder = user_folder()
    folder.mkdir(parents=True)
    return folder


def put(file: Path, text: str = "steps: []\n") -> Path:
    """Write a preset."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_name_finds_the_shipped_preset() -> None:
    """Nothing of the user's own: the shipped file is used."""
    assert find_preset("edge") == SHIPPED / "edge.yaml"
    assert load_preset("edge").name == "edge"


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_the_users_own_preset_goes_before_a_shipped_one(suffix: str, mine: Path) -> None:
    """A file in the user's folder takes over a shipped name, with either suffix."""
    file = put(mine / f"edge{suffix}", "description: my own\nsteps: []\n")
    assert find_preset("edge") == file
    assert load_preset("edge").description == "my own"


def test_a_users_preset_may_extend_the_shipped_one_by_path(mine: Path) -> None:
    """Under the same name, the path tells which one is meant."""
    put(mine / "edge.yaml", f"extend: {SHIPPED / 'edge.yaml'}\ndescription: mine\n")
    assert load_preset("edge").steps == load_preset(SHIPPED / "edge.yaml").steps


def test_the_list_begins_with_the_three_best_known() -> None:
    """edge, blur and sharpen first, all others by the alphabet, none twice."""
    names = list_presets()
    assert names[:3] == ["edge", "blur", "sharpen"]
    assert names[3:] == sorted(set(names) - set(names[:3]))
    assert sorted(names) == sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def test_the_users_own_presets_are_listed_once(mine: Path) -> None:
    """New names join the list, a name taken over is not doubled, other files are no presets."""
    for name in ("aurora.yml", "edge.yaml", "notes.txt"):
        put(mine / name)
    names = list_presets()
    assert "aurora" in names
    assert names.count("edge") == 1
    assert "notes" not in names


@pytest.mark.parametrize("form", ["edge.yaml", "./edge.yaml", "sub/edge.yml", "sub/edge"])
def test_what_looks_like_a_path_is_one(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A separator or a suffix makes a path, relative to the current folder, and names are not tried."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / form, "description: by path\nsteps: []\n")
    assert load_preset(form).description == "by path"


def test_a_path_object_is_a_path_even_without_a_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path("edge") never means the shipped preset."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PresetError, match=r"^edge: no such file"):
        load_preset(Path("edge"))
    put(tmp_path / "edge", "name: plain\nsteps: []\n")
    assert load_preset(Path("edge")).name == "plain"


def test_a_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~/edge.yaml is expanded, as a shell would."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "edge.yaml", "description: at home\nsteps: []\n")
    assert load_preset("~/edge.yaml").description == "at home"


def test_a_preset_without_a_name_is_called_like_its_file(tmp_path: Path) -> None:
    """The name in the file goes before the file's own."""
    assert load_preset(put(tmp_path / "misty.yaml")).name == "misty"
    assert load_preset(put(tmp_path / "misty.yaml", "name: foggy\nsteps: []\n")).name == "foggy"


def test_a_file_name_that_makes_no_name_is_told_as_such(tmp_path: Path) -> None:
    """A name taken from the file is checked like any other."""
    with pytest.raises(PresetError, match=r"yaml:1:1: name: must have at most 60 characters, found 'xxx"):
        load_preset(put(tmp_path / f"{'x' * 61}.yaml"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("egde", "^unknown preset 'egde'; did you mean 'edge'[?] known: edge, blur, sharpen"),
        ("shapren", "did you mean 'sharpen'[?]"),
        ("qqqq", "^unknown preset 'qqqq'; known: edge, blur, sharpen"),
        ("", "^unknown preset ''; known: edge"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, message: str) -> None:
    """Did-you-mean if anything is near, and the list of all."""
    with pytest.raises(PresetError, match=message):
        load_preset(name)


def test_the_users_own_presets_are_suggested_too(mine: Path) -> None:
    """A near name in the user's folder counts."""
    put(mine / "aurora.yaml")
    with pytest.raises(PresetError, match=r"did you mean 'aurora'"):
        load_preset("arora")


def test_a_missing_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path as given; and the preset of that name, where a suffix too much is the likely mistake."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PresetError, match=r"^gone.yaml: no such file$"):
        load_preset("gone.yaml")
    with pytest.raises(PresetError, match=r"^edge.yaml: no such file; did you mean the preset 'edge'[?]$"):
        load_preset("edge.yaml")


def test_a_folder_is_no_preset(tmp_path: Path) -> None:
    """The message says that it is a folder."""
    with pytest.raises(PresetError, match=r"a preset is a file, this is a folder"):
        load_preset(tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason reaches the message."""
    file = put(tmp_path / "secret.yaml")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PresetError, match=r"secret.yaml: cannot be read: Permission denied"):
        load_preset(file)


def test_the_users_folder_is_the_platforms(tmp_path: Path) -> None:
    """It is livefilter/presets inside of the folder for configuration; these tests have one of their own."""
    assert user_folder().parts[-2:] == ("livefilter", "presets")
    if os.name == "posix":
        assert user_folder().is_relative_to(os.environ["XDG_CONFIG_HOME"])
