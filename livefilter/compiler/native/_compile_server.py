"""Compilation in a child process.

Numba takes 75 MB and 0.4 seconds of every process that imports it. Compiling is mostly Python, which holds the
interpreter's lock: while a thread compiled, live pictures that were due every 33 ms came up to 390 ms apart. So a child
process compiles and sends the object file back. It waits a while for the next request before it exits.
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
from importlib import import_module
from pathlib import Path
from typing import IO, cast

from livefilter.compiler.native._object_file import ObjectFile

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from livefilter.compiler.native._compile_server import main; main()"
_IDLE_TIMEOUT_S = 15.0
_REPLY_TIMEOUT_S = 120.0
_LOW_PRIORITY_NICENESS = 10
_CREATION_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
_LOW_PRIORITY_CREATION_FLAGS = (*_CREATION_FLAGS, "BELOW_NORMAL_PRIORITY_CLASS")
"""Names of flags that only Windows has."""
logger = logging.getLogger("livefilter.compiler")


class UnsupportedNumbaError(Exception):
    """The installed Numba lacks internals that compiling to object files needs."""


class CompileCancelled(Exception):
    """Another thread cancelled the compile session."""


class _ServerFailed(Exception):
    """The child process could not start, or ended without an answer."""


class CompileSession:
    """Compiles in a child process; another thread can cancel it.

    Args:
        low_priority: Whether the child process yields the processor to everything else.
    """

    def __init__(self, *, low_priority: bool = False) -> None:
        self._low_priority = low_priority
        self._process: _CompilerProcess | None = None
        self._is_cancelled = False
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Stop the compilation that is running; later ones are refused."""
        with self._lock:
            self._is_cancelled = True
            if self._process is not None:
                self._process.kill()

    def compile(self, source: str, name: str) -> ObjectFile:
        """Compile the function ``name`` of a generated source in a child process.

        Raises:
            CompileCancelled: ``cancel`` was called.
            _ServerFailed: The child process failed.
        """
        while True:
            with self._lock:
                if self._is_cancelled:
                    raise CompileCancelled
                self._process = process = _acquire(self._low_priority)
            try:
                code = process.compile(source, name)
                _idle[self._low_priority].append(process)
                return code
            except BaseException as error:
                process.end()
                if self._is_cancelled:
                    raise CompileCancelled from None
                # An idle process may have reached its time-out just now; a new one has not.
                if process.is_new or not isinstance(error, _ServerFailed):
                    raise
            finally:
                self._process = None


def compile_object(source: str, name: str, session: CompileSession | None = None) -> ObjectFile:
    """Compile the function ``name`` of a generated source, in a child process where that is possible.

    Raises:
        CompileCancelled: The session was cancelled.
        UnsupportedNumbaError: Numba's internals are not those that livefilter knows.
    """
    # In a program that embeds Python, sys.executable is that program.
    if Path(sys.executable or "").name.lower().startswith("python"):
        try:
            return (session or CompileSession()).compile(source, name)
        except _ServerFailed as error:
            logger.warning("cannot compile in a child process, so this one compiles: %s", error)
    return _compile_here(source, name)


def _compile_here(source: str, name: str) -> ObjectFile:
    try:
        from livefilter.compiler.native import _numba

        return _numba.compile_object(source, name)
    except Exception as error:
        # Numba wraps what goes wrong inside of it in errors of its own.
        if isinstance(error, ImportError | AttributeError | TypeError) or type(error).__module__.startswith("numba."):
            lines = str(error).strip().splitlines() or [""]
            raise UnsupportedNumbaError(f"{type(error).__name__}: {lines[0]}") from error
        raise


def main(idle_timeout_s: float = _IDLE_TIMEOUT_S) -> None:
    """Serve requests from standard input until it ends, or until none has come for ``idle_timeout_s`` seconds."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # A library that prints must not garble the answers.
    gc.disable()  # It would take a fifth of the time; there is time between two requests.
    # Numba imports these if it finds them, but generated code does not need them: up to a third of a second.
    sys.modules.update(dict.fromkeys(("scipy", "cffi", "coverage")))  # type: ignore[arg-type]
    with suppress(Exception):  # Compiling reports it.
        import_module("livefilter.compiler.native._numba")

    while True:
        idle_timer = threading.Timer(idle_timeout_s, os._exit, [0])
        idle_timer.daemon = True
        idle_timer.start()
        try:
            source, name = pickle.load(requests)
        except EOFError:
            return
        idle_timer.cancel()
        try:
            answer: object = _compile_here(source, name)
        except UnsupportedNumbaError as error:
            answer = error
        except Exception:
            answer = traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()
        gc.collect()


class _CompilerProcess:
    """A child process that compiles one function after the other."""

    def __init__(self, low_priority: bool) -> None:
        self.is_new = True
        flags = _LOW_PRIORITY_CREATION_FLAGS if low_priority else _CREATION_FLAGS
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        except OSError as error:  # A container may have no writable folder.
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
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _LOW_PRIORITY_NICENESS)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def compile(self, source: str, name: str) -> ObjectFile:
        """Request a function and wait for it."""
        watchdog = threading.Timer(_REPLY_TIMEOUT_S, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            pickle.dump((source, name), self._requests)
            self._requests.flush()
            answer = pickle.load(self._answers)
        except Exception as error:  # Half an answer can raise anything.
            raise _ServerFailed(self._last_error_line() or "the process ended") from error
        finally:
            watchdog.cancel()
        if isinstance(answer, UnsupportedNumbaError):
            raise answer
        if not isinstance(answer, ObjectFile):
            raise _ServerFailed(str(answer).strip().splitlines()[-1])
        self.is_new = False
        return answer

    def kill(self) -> None:
        """End the process at once; a thread that waits for its answer gets _ServerFailed."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process if it lives, and release its pipes and files."""
        self.kill()
        with self._process:  # Closes its pipes and waits for it.
            self._errors.close()

    def _last_error_line(self) -> str:
        self.kill()
        self._process.wait()
        self._errors.seek(0)
        return "".join(self._errors.read().decode(errors="replace").strip().splitlines()[-1:])


_idle: dict[bool, deque[_CompilerProcess]] = {True: deque(), False: deque()}
"""Child processes without work, by whether their priority is low."""


def _acquire(low_priority: bool) -> _CompilerProcess:
    """Return an idle child process, or a new one."""
    while _idle[low_priority]:
        process = _idle[low_priority].pop()
        if process.is_alive:
            return process
        process.end()
    return _CompilerProcess(low_priority)


@atexit.register
def end_idle_compilers() -> None:
    """End the child processes without work; the next compilation starts a new one."""
    for processes in _idle.values():
        while processes:
            processes.pop().end()


def _forget_processes() -> None:
    for processes in _idle.values():
        processes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_processes)  # They belong to the parent.
