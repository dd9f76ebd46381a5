"""Compiling in a process of its own, so that a live picture never waits and no process that filters holds Numba."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from livefilter.compiler import Filter, cached_files
from livefilter.compiler.native import _compile_server as beside
from livefilter.presets import Preset
from livefilter.testing import wait_until

pytestmark = pytest.mark.jit
ROOT = Path(__file__).resolve().parents[2]
SOURCE = """\
def seven(call):
    out = argument(call, 0, "uint8[::1]")
    out[0] = 7
"""


def preset(sigma: float) -> Preset:
    """A preset that nobody else compiles."""
    return Preset.model_validate({"name": "p", "steps": [{"step": "gaussian", "sigma": sigma}]})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of this test's own, and children of its own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "cache"))
    beside.end_idle_compilers()
    yield
    beside.end_idle_compilers()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that were started."""
    found: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def note(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        found.append(real(*arguments, **options))  # type: ignore[call-overload]
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", note)
    return found


def test_a_process_that_filters_never_imports_numba(tmp_path: Path) -> None:
    """Neither when a preset is compiled, nor when it comes from the cache."""
    program = (
        "import sys, numpy, livefilter\n"
        "livefilter.Filter('sharpen')(numpy.zeros((9, 9), numpy.uint8))\n"
        "livefilter.edge_score(numpy.zeros((9, 9, 3), numpy.uint8))\n"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, timeout=100
        )
        no_llvm = sys.platform == "linux" and platform.machine() == "x86_64"
        assert (done.stdout.split(), done.stderr) == ([b"False", b"%s" % (b"False" if no_llvm else b"True")], b"")


def test_one_child_compiles_one_thing_after_the_other(started: list[subprocess.Popen[bytes]]) -> None:
    """And what is kept needs none."""
    for sigma in (0.71, 0.72, 0.71):
        assert Filter(preset(sigma)).chain
    assert len(started) == 1
    assert len(cached_files()) == 2


def test_a_filter_that_is_prepared_is_ready_soon(started: list[subprocess.Popen[bytes]]) -> None:
    """By a child that leaves the processor to the picture."""
    prepared = Filter(preset(0.73))
    was_ready = prepared.is_ready
    prepared.prepare().result(timeout=100)
    assert (was_ready, prepared.is_ready) == (False, True)
    if hasattr(os, "getpriority"):
        assert os.getpriority(os.PRIO_PROCESS, started[0].pid) == beside._NICE


def test_a_child_that_has_ended_is_replaced(started: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """It goes after a while without work; whoever comes right then starts another one."""
    assert beside.compile_object(SOURCE, "seven").content
    started[0].kill()
    started[0].wait(20)
    assert beside.compile_object(SOURCE, "seven").content
    assert len(started) == 2


def test_a_child_goes_when_it_has_nothing_to_do(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, so that it holds no memory."""
    soon = "import livefilter.compiler.native._compile_server as beside; beside._IDLE_S = 0.1; beside.main()"
    monkeypatch.setattr(beside, "_PROGRAM", beside._PROGRAM.replace(beside._PROGRAM.split("; ", 2)[2], soon))
    assert beside.compile_object(SOURCE, "seven").content
    assert started[0].wait(20) == 0


def test_cancelling_ends_the_work(started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is killed, and the Filter is not ready; whoever needs it then compiles it."""
    monkeypatch.setattr(beside, "_PROGRAM", "import time; time.sleep(100)")
    prepared = Filter(preset(0.74))
    future = prepared.prepare()
    wait_until(lambda: started)
    assert future.cancel()
    assert started[0].wait(20) != 0
    assert not prepared.is_ready
    monkeypatch.undo()
    assert prepared.chain


def test_what_was_cancelled_before_it_began_is_not_begun(started: list[subprocess.Popen[bytes]]) -> None:
    """No child is asked for it."""
    session = beside.CompileSession()
    session.cancel()
    with pytest.raises(beside.CompileCancelled):
        beside.compile_object(SOURCE, "seven", session)
    assert started == []


@pytest.mark.parametrize(
    ("program", "words"), [("raise SystemExit('no memory')", "no memory"), ("print('no answer')", "")]
)
def test_a_child_that_fails_is_no_failure(
    program: str, words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The function is compiled here then, and what the child said is logged."""
    monkeypatch.setattr(beside, "_PROGRAM", program)
    image = np.zeros((9, 9), np.uint8)
    with caplog.at_level(logging.WARNING, "livefilter.compiler"):
        assert Filter(preset(0.75 + len(words) / 100))(image).image.max() == 0
    assert f"cannot compile beside: {words}" in caplog.text


def test_without_any_place_to_write_to_it_is_compiled_here(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a container whose files are all read-only."""

    def refuse() -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with caplog.at_level(logging.WARNING, "livefilter.compiler"):
        assert beside.compile_object(SOURCE, "seven").content
    assert "No usable temporary directory" in caplog.text
    assert started == []


def test_an_error_in_a_source_is_this_process_s_own(caplog: pytest.LogCaptureFixture) -> None:
    """It is raised here, as it would be without a child."""
    with caplog.at_level(logging.WARNING, "livefilter.compiler"), pytest.raises(NameError):
        beside.compile_object("def wrong(call):\n    x = nowhere\nraise NameError('nowhere')\n", "wrong")
    assert "cannot compile beside: NameError: nowhere" in caplog.text


@pytest.mark.parametrize("executable", ["", "none/python3", "/usr/bin/blender"])
def test_there_is_no_child_where_there_is_no_python_to_start(
    executable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    """What is compiled is compiled here."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / executable) if executable.startswith("none") else executable)
    assert beside.compile_object(SOURCE, "seven").content
    assert started == []
