"""Compiling in a process of its own, so that a live picture never waits."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from livefilter.compiler import Filter, cached_files
from livefilter.compiler import _beside as beside
from livefilter.compiler._chain import is_cached
from livefilter.presets import Preset

pytestmark = pytest.mark.jit


def preset(sigma: float) -> Preset:
    """A preset that nobody else compiles."""
    return Preset.model_validate({"name": "p", "steps": [{"step": "gaussian", "sigma": sigma}]})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test's own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "cache"))


def test_a_child_fills_the_cache() -> None:
    """Afterwards it is there, and nothing was compiled in this process."""
    wanted = preset(0.71)
    assert not is_cached(wanted.operations, wanted.score.rule)
    beside.compile_beside(wanted, lambda: False)
    assert is_cached(wanted.operations, wanted.score.rule)
    assert cached_files()


def test_a_filter_that_is_prepared_is_compiled_by_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; a second time, it is there already."""
    started: list[object] = []
    real = subprocess.Popen

    def note(*arguments: object, **options: object) -> object:
        started.append(arguments)
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", note)
    for _ in range(2):
        prepared = Filter(preset(0.72))
        prepared.prepare().result(timeout=60)
        assert prepared.is_ready
    assert len(started) == 1


def test_cancelling_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is killed, and the Filter is not ready."""
    monkeypatch.setattr(beside, "_PROGRAM", "import time; time.sleep(100)")
    prepared = Filter(preset(0.73))
    future = prepared.prepare()
    assert future.cancel()
    beside.compile_beside(preset(0.74), lambda: True)  # Would take 100 seconds.
    assert not prepared.is_ready


@pytest.mark.parametrize("program", ["raise SystemExit('no memory')", ""])
def test_a_child_that_fails_is_no_failure(
    program: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The Filter is compiled here then; a child that says what is wrong is logged."""
    monkeypatch.setattr(beside, "_PROGRAM", program)
    prepared = Filter(preset(0.75))
    with caplog.at_level(logging.WARNING, "livefilter.compiler"):
        prepared.prepare().result(timeout=60)
    assert prepared.is_ready
    assert ("no memory" in caplog.text) == bool(program)


def test_there_is_no_child_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where there is no Python to start, or none that starts."""
    monkeypatch.setattr(sys, "executable", "")
    beside.compile_beside(preset(0.76), lambda: False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    beside.compile_beside(preset(0.76), lambda: False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(subprocess, "Popen", None)
    beside.compile_beside(preset(0.76), lambda: False)
    assert not is_cached(preset(0.76).operations, preset(0.76).score.rule)
