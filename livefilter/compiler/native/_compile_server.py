"""Compiling in a process of its own.

Numba takes 75 MB and 0.4 seconds of every process that imports it, and compiling is Python for the most part, which
holds the interpreter's lock: live pictures that came every 33 ms came up to 390 ms apart while a thread compiled. So a
child compiles and hands machine code over. It stays for a while, for what is compiled next.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from livefilter.compiler.native._object_file import ObjectFile

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from livefilter.compiler.native._compile_server import main; main()"
_IDLE_S = 15
_PATIENCE_S = 120
_NICE = 10
_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
_PATIENT_FLAGS = (*_FLAGS, "BELOW_NORMAL_PRIORITY_CLASS")
"""Of Windows; elsewhere there are none."""
logger = logging.getLogger("livefilter.compiler")


class CompileCancelled(Exception):
    """Nobody wants what was being compiled."""


class _ServerFailed(Exception):
    """A child ended, or could not be started."""


class CompileSession:
    """Compiles in a child, and can be stopped by another thread.

    Args:
        low_priority: Whether the child leaves the processor to whoever else wants it.
    """

    def __init__(self, *, low_priority: bool = False) -> None:
        self._low_priority = low_priority
        self._child: _CompilerProcess | None = None
        self._is_stopped = False
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """End what is being compiled; nothing is compiled from now on."""
        with self._lock:
            self._is_stopped = True
            if self._child is not None:
                self._child.kill()

    def compile(self, source: str, name: str) -> ObjectFile:
        """Have a child compile the function ``name`` of a generated source.

        Raises:
            CompileCancelled: ``stop`` was called.
            _ChildFailed: It could not.
        """
        while True:
            with self._lock:
                if self._is_stopped:
                    raise CompileCancelled
                self._child = child = _acquire(self._low_priority)
            try:
                code = child.compile(source, name)
                _idle[self._low_priority].append(child)
                return code
            except BaseException as error:
                child.end()
                if self._is_stopped:
                    raise CompileCancelled from None
                # One that has worked before may have ended a moment ago, since it had nothing to do.
                if child.is_new or not isinstance(error, _ServerFailed):
                    raise
            finally:
                self._child = None


def compile_object(source: str, name: str, session: CompileSession | None = None) -> ObjectFile:
    """Compile the function ``name`` of a generated source, in a child where that is possible.

    Raises:
        CompileCancelled: The session was stopped.
    """
    # In a program that has Python built in, this is that program.
    if Path(sys.executable or "").name.lower().startswith("python"):
        try:
            return (session or CompileSession()).compile(source, name)
        except _ServerFailed as error:
            logger.warning("cannot compile beside: %s", error)
    from livefilter.compiler.native import _numba as _codegen

    return _codegen.compile_object(source, name)


def main() -> None:
    """Compile what standard input asks for, until it ends or nothing has come for a while."""
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever prints something does not garble the answers.
    gc.disable()  # It would take a fifth of the time; there is time between two answers.
    # Numba loads these where they are there, for what generated code has no use for: up to a third of a second.
    sys.modules.update(dict.fromkeys(("scipy", "cffi", "coverage")))  # type: ignore[arg-type]
    from livefilter.compiler.native import _numba as _codegen

    while True:
        ending = threading.Timer(_IDLE_S, os._exit, [0])
        ending.daemon = True
        ending.start()
        try:
            source, name = pickle.load(asked)
        except EOFError:
            return
        ending.cancel()
        try:
            answer: object = _codegen.compile_object(source, name)
        except Exception:
            answer = traceback.format_exc()
        pickle.dump(answer, told)
        told.flush()
        gc.collect()


class _CompilerProcess:
    """A process that compiles one function after the other."""

    def __init__(self, low_priority: bool) -> None:
        self.is_new = True
        flags = _PATIENT_FLAGS if low_priority else _FLAGS
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        except OSError as error:  # A container may have no place to write to at all.
            raise _ServerFailed(str(error)) from error
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                creationflags=sum(getattr(subprocess, flag, 0) for flag in flags),
                start_new_session=True,  # Ctrl-C is for the program that shows the picture.
            )
        except OSError as error:
            self._errors.close()
            raise _ServerFailed(str(error)) from error
        self._requests = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        if low_priority and hasattr(os, "setpriority"):
            with suppress(OSError):  # A sandbox may forbid it.
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def compile(self, source: str, name: str) -> ObjectFile:
        """Ask for a function and wait for it."""
        watchdog = threading.Timer(_PATIENCE_S, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            pickle.dump((source, name), self._requests)
            self._requests.flush()
            answer = pickle.load(self._answers)
        except Exception as error:  # Whatever reading half of an answer, or something else, raises.
            raise _ServerFailed(self._last_words() or "the process ended") from error
        finally:
            watchdog.cancel()
        if not isinstance(answer, ObjectFile):
            raise _ServerFailed(str(answer).strip().splitlines()[-1])
        self.is_new = False
        return answer

    def kill(self) -> None:
        """End the process, whatever it does; who waits for it is told that it failed."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process, if it lives, and let go of what belongs to it."""
        self.kill()
        with self._process:  # Closes its pipes and waits for it.
            self._errors.close()

    def _last_words(self) -> str:
        self.kill()
        self._process.wait()
        self._errors.seek(0)
        return "".join(self._errors.read().decode(errors="replace").strip().splitlines()[-1:])


_idle: dict[bool, deque[_CompilerProcess]] = {True: deque(), False: deque()}
"""Children that have nothing to do, patient ones and others."""


def _acquire(low_priority: bool) -> _CompilerProcess:
    """Return a child that has nothing to do, or a new one."""
    while _idle[low_priority]:
        child = _idle[low_priority].pop()
        if child.is_alive:
            return child
        child.end()
    return _CompilerProcess(low_priority)


@atexit.register
def end_idle_compilers() -> None:
    """End the compiler processes that have nothing to do; the next compilation starts a new one."""
    for children in _idle.values():
        while children:
            children.pop().end()


def _forget() -> None:
    for children in _idle.values():
        children.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # They are the parent's.
