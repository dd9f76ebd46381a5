"""Compilation in a child process, so that a live picture never waits and no process that filters imports Numba."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from livefilter.compiler import Filter, cached_files
from livefilter.compiler.native import (
    CompileCancelled,
    CompileSession,
    compile_object,
    end_idle_compilers,
    forget_functions,
    load_object,
    load_or_compile,
)
from livefilter.presets import Preset
from livefilter.testing import wait_until

pytestmark = pytest.mark.jit
ROOT = Path(__file__).resolve().parents[2]
SOURCE = """\
def seven(call):
    out = argument(call, 0, "uint8[::1]")
    out[0] = 7
"""


def preset(gain: float) -> Preset:
    """Return a preset that no other test compiles, and that takes little time to compile."""
    return Preset.model_validate({"name": "p", "steps": [{"step": "tone", "gain": gain}]})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache folder, nothing loaded from another one, and no child process yet."""
    forget_functions()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "cache"))
    end_idle_compilers()
    yield
    end_idle_compilers()


class Children(list[subprocess.Popen[bytes]]):
    """The child processes started so far; ``rewrite`` changes the program that the next ones run."""

    rewrite: Callable[[str], str] = staticmethod(lambda program: program)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Children:
    """The child processes that are started."""
    children = Children()
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        python, flag, program, *arguments = command
        children.append(real([python, flag, children.rewrite(program), *arguments], **options))  # type: ignore[call-overload]
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return children


def test_a_process_that_filters_never_imports_numba(negative: str) -> None:
    """Neither when a preset is compiled, nor when it comes from the cache."""
    program = (
        "import sys, numpy, livefilter\n"
        "livefilter.Filter(sys.argv[1])(numpy.zeros((9, 9), numpy.uint8))\n"
        "livefilter.edge_score(numpy.zeros((9, 9, 3), numpy.uint8))\n"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program, negative], env=environment, capture_output=True, check=True, timeout=100
        )
        no_llvm = sys.platform == "linux" and platform.machine() == "x86_64"
        assert (done.stdout.split(), done.stderr) == ([b"False", b"%s" % (b"False" if no_llvm else b"True")], b"")


def test_one_child_compiles_one_thing_after_the_other(started: Children) -> None:
    """And what is in the cache needs no child."""
    for number in (71, 72, 71):
        forget_functions()  # As in a new process, which has only the cache.
        load_or_compile(SOURCE.replace("7", str(number)), "seven")
    assert len(started) == 1
    assert len(cached_files()) == 2


def test_a_filter_that_is_prepared_is_ready_soon(started: Children) -> None:
    """By a child of low priority, which leaves the processor to the picture."""
    prepared = Filter(preset(0.73))
    was_ready = prepared.is_ready
    prepared.prepare().result(timeout=100)
    assert (was_ready, prepared.is_ready) == (False, True)
    if hasattr(os, "getpriority"):
        assert os.getpriority(os.PRIO_PROCESS, started[0].pid) == 10


def test_a_child_that_has_ended_is_replaced(started: Children, tmp_path: Path) -> None:
    """It exits after a while without work, perhaps just when the next request comes."""
    assert compile_object(SOURCE, "seven").content
    started[0].kill()
    started[0].wait(20)
    assert compile_object(SOURCE, "seven").content
    assert len(started) == 2


def test_a_child_exits_when_it_is_idle_for_a_while(started: Children) -> None:
    """By itself, so that it holds no memory."""
    started.rewrite = lambda program: program.replace("main()", "main(idle_timeout_s=0.1)")
    assert compile_object(SOURCE, "seven").content
    assert started[0].wait(10) == 0  # Before its usual time-out.


def test_cancelling_ends_the_work(started: Children) -> None:
    """The child is killed, and the Filter is not ready; its next use compiles it."""
    started.rewrite = lambda program: "import time; time.sleep(100)"
    prepared = Filter(preset(0.74))
    future = prepared.prepare()
    wait_until(lambda: started)
    assert future.cancel()
    assert started[0].wait(20) != 0
    assert not prepared.is_ready
    started.rewrite = lambda program: program
    assert prepared.chain


def test_what_was_cancelled_before_it_began_is_not_begun(started: Children) -> None:
    """No child process starts."""
    session = CompileSession()
    session.cancel()
    with pytest.raises(CompileCancelled):
        compile_object(SOURCE, "seven", session)
    assert started == []


@pytest.mark.parametrize(
    ("program", "words"), [("raise SystemExit('no memory')", "no memory"), ("print('no answer')", "")]
)
def test_a_child_that_fails_is_no_failure(
    program: str, words: str, started: Children, caplog: pytest.LogCaptureFixture
) -> None:
    """This process then compiles the function, and logs the child's last words."""
    started.rewrite = lambda _: program
    out = np.zeros(1, np.uint8)
    with caplog.at_level(logging.WARNING, "livefilter.compiler"):
        load_object(compile_object(SOURCE, "seven"))([out]).run()
    assert out[0] == 7
    assert f"cannot compile in a child process, so this one compiles: {words}" in caplog.text


def test_without_any_place_to_write_to_it_is_compiled_here(
    started: Children, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a container whose files are all read-only."""

    def refuse() -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with caplog.at_level(logging.WARNING, "livefilter.compiler"):
        assert compile_object(SOURCE, "seven").content
    assert "No usable temporary directory" in caplog.text
    assert started == []


def test_an_error_in_a_source_is_raised_in_this_process(caplog: pytest.LogCaptureFixture) -> None:
    """It is raised here, as it would be without a child."""
    with caplog.at_level(logging.WARNING, "livefilter.compiler"), pytest.raises(NameError):
        compile_object("def wrong(call):\n    x = nowhere\nraise NameError('nowhere')\n", "wrong")
    assert "cannot compile in a child process, so this one compiles: NameError: nowhere" in caplog.text


@pytest.mark.parametrize("executable", ["", "none/python3", "/usr/bin/blender"])
def test_there_is_no_child_where_there_is_no_python_to_start(
    executable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Children
) -> None:
    """This process compiles."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / executable) if executable.startswith("none") else executable)
    assert compile_object(SOURCE, "seven").content
    assert started == []
