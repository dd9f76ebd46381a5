"""Standard streams that are closed, as some services start programs: the work is done, and messages go nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def run(closed: str, *arguments: str) -> int:
    """Run livefilter with some streams closed, and return its exit code."""
    command = [sys.executable, "-m", "livefilter", *arguments]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    return subprocess.run(shell, capture_output=True, check=False, timeout=100).returncode


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_outputs_are_written_and_errors_have_their_code(closed: str, clip: Path, negative: str, tmp_path: Path) -> None:
    """No file that is opened becomes standard output, so no message ends up in it."""
    output, scores = tmp_path / "out.mp4", tmp_path / "scores.csv"
    run_ = ("process", str(clip), "-p", negative, "-o", str(output), "--scores", str(scores))
    assert run(closed, *run_) == 0
    assert output.read_bytes()[4:8] == b"ftyp"
    assert scores.read_text(encoding="utf-8").count("\n") > 5
    assert run(closed, *run_) == 4  # It exists.
    assert run(closed, "score", str(tmp_path / "missing.mp4")) == 3


@pytest.mark.parametrize("output", [("-o", "-"), ("-o", "out.mp4", "--scores", "-")])
def test_an_output_to_closed_standard_output_is_an_error(
    output: tuple[str, ...], clip: Path, negative: str, tmp_path: Path
) -> None:
    """It is not lost without a word."""
    output = tuple(str(tmp_path / name) if name.endswith(".mp4") else name for name in output)
    assert run(">&-", "process", str(clip), "-p", negative, *output) == 4
