"""YAML 1.2: what looks like a trap is text, and files come as editors save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefilter.presets import load_preset


def loaded(folder: Path, content: str | bytes) -> dict[str, object]:
    """Load a preset file of this content, as plain values."""
    file = folder / "mine.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_preset(file).model_dump()


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "NO", "12:30", "1e3x", "2024-01-31", "0x", "café", "~user"])
def test_words_that_older_yaml_read_as_something_else_are_text(word: str, tmp_path: Path) -> None:
    """A preset may be called on, no, 12:30 or a date."""
    assert loaded(tmp_path, f"name: {word}\nsteps: []\n")["name"] == word


@pytest.mark.parametrize(
    ("number", "value"), [("1e1", 10.0), (".5", 0.5), ("+2", 2.0), ("0x10", 16.0), ("0o17", 15.0), ("017", 17.0)]
)
def test_numbers_are_those_of_yaml_1_2(number: str, value: float, tmp_path: Path) -> None:
    """Exponents without a point are numbers, and a leading zero is no octal."""
    assert loaded(tmp_path, f"steps: [tone: {{gain: {number}}}]\n")["steps"][0]["gain"] == value  # type: ignore[index]


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
def test_truth_is_spelled_true(word: str, tmp_path: Path) -> None:
    """Words true and false, in the three usual cases."""
    assert loaded(tmp_path, f"steps: [tone: {{invert: {word}}}]\n")["steps"][0]["invert"] is True  # type: ignore[index]


def test_aliases_repeat_a_value(tmp_path: Path) -> None:
    """An alias is its value again, and a redefined anchor holds from there on."""
    text = "steps:\n- &s {box: {size: &n 3}}\n- *s\n- box: {size: &n 5}\n- box: {size: *n}\n"
    assert [step["size"] for step in loaded(tmp_path, text)["steps"]] == [3, 3, 5, 5]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname: mine\r\nsteps:\r\n  - box: {size: 3}\r\n",
        b"name: mine\rsteps:\r  - box: {size: 3}\r",
        b"---\nname: mine\nsteps: [box: {size: 3}]\n...\n",
        b"%YAML 1.2\n---\nname: mine\nsteps: [{box: {size: 3}}]",
        b'{"name": "mine", "steps": [{"box": {"size": 3}}]}',
        b"# a comment\nname: 'mine' # another\n\n\nsteps:\n- box:\n    size: 3\n",
        b"steps:\n- box:\n    size: [3, 3]\n    border: reflect_101\nname: mine\n",
    ],
    ids=["Windows", "old Mac", "document marks", "version", "JSON", "comments", "spelled out"],
)
def test_a_file_loads_however_it_was_saved(content: bytes, tmp_path: Path) -> None:
    """Byte order marks, line ends, document marks, JSON and comments make no difference to the pixels."""
    (tmp_path / "plain.yaml").write_text("steps: [box: {size: 3}]\n", encoding="utf-8")
    loaded(tmp_path, content)
    assert load_preset(tmp_path / "mine.yaml").operations == load_preset(tmp_path / "plain.yaml").operations


def test_the_largest_file_that_is_allowed_loads(tmp_path: Path) -> None:
    """A million bytes, most of them a comment."""
    text = "steps: []\n#"
    assert loaded(tmp_path, text + "x" * (1_000_000 - len(text)))["steps"] == ()
