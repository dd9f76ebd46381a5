"""A few hundred damaged files; ``python tests/fuzz.py --count 10000`` tries as many as you like."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).with_name("fuzz.py")


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("fuzz", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # Where its dataclasses look for their own names.
    spec.loader.exec_module(module)
    return module


@pytest.mark.jit
def test_damaged_files_end_in_time_with_a_code_of_the_table(tmp_path: Path) -> None:
    """No crash, no hang, no traceback, nothing left behind; a case that breaks this is named, and its file kept."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--count", "300", "--keep", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "nothing wrong"
    assert "300 cases" in done.stdout


def test_what_is_wrong_is_seen(fuzz: ModuleType, tmp_path: Path) -> None:
    """A bug's code, a traceback, an end without a message, and what is left behind."""
    assert fuzz._wrong(0, "", tmp_path) == ""
    assert fuzz._wrong(3, "livefilter: a.mp4: no such file\n", tmp_path) == ""
    assert "exit code 1" in fuzz._wrong(1, "livefilter: a bug", tmp_path)
    assert "a traceback" in fuzz._wrong(0, "Traceback (most recent call last)", tmp_path)
    assert "without a message" in fuzz._wrong(3, "", tmp_path)
    (tmp_path / "made.partial.mp4").touch()
    assert "left behind made.partial.mp4" in fuzz._wrong(0, "", tmp_path)


def test_a_case_is_known_by_its_number(fuzz: ModuleType) -> None:
    """The same number damages a file in the same way, another in another way."""
    content = bytes(range(256)) * 40
    assert fuzz.damage(content, random.Random(7)) == fuzz.damage(content, random.Random(7))
    made = {fuzz.damage(content, random.Random(number)) for number in range(50)}
    assert len(made) > 45
    assert content not in made
