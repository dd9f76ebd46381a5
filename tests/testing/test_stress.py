"""Threads that share frames, many more of them than processors."""

from __future__ import annotations

import threading

import pytest

from livefilter.compiler.threads import ThreadTeam
from livefilter.testing import stress as program
from livefilter.testing.stress import stress

pytestmark = pytest.mark.jit


def test_many_callers_get_the_bytes_of_one_thread(capsys: pytest.CaptureFixture[str]) -> None:
    """For two seconds here, for half a minute in the gate; and workers did help."""
    assert stress(2.0, callers=16) == []
    calls = int(capsys.readouterr().out.split()[0])
    assert calls > 100


def test_a_wrong_byte_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A team that claims to have computed a frame, and did nothing."""
    monkeypatch.setattr(program._CountingTeam, "run", lambda *_: True)
    problems = stress(0.2, callers=2)
    assert any("not what one thread makes" in problem for problem in problems)
    assert problems[-1] == "no frame was shared with a worker"


def test_a_call_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its error."""

    def fail(*_: object) -> bool:
        raise MemoryError("no memory")

    monkeypatch.setattr(ThreadTeam, "run", fail)
    assert "MemoryError: no memory (2 times)" in stress(0.2, callers=2)


def test_a_caller_that_hangs_is_found(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """After its deadline, with the place where it hangs."""
    is_over = threading.Event()

    def hang(*_: object) -> bool:
        assert is_over.wait(60)
        return False

    monkeypatch.setattr(ThreadTeam, "run", hang)
    monkeypatch.setattr(program, "_END_S", 0.1)
    try:
        assert "2 of 2 callers did not return within 0.1 s" in stress(0.1, callers=2)
    finally:
        is_over.set()
    assert "in hang" in capfd.readouterr().err
