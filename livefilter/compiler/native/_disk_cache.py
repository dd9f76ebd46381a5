"""Cache of compiled functions, on disk and in memory.

Every function has a file of its own, named by the SHA-256 of everything that its machine code depends on, so no clock
decides whether it is current. A file is written under a temporary name and renamed. Since its content is executed, it
has a checksum; a file that does not match its checksum is compiled again.

The folder is LIVEFILTER_CACHE_DIR, or ``livefilter`` in NUMBA_CACHE_DIR, or the user's cache folder. A folder that is
not writable, or that another user could write to, is not used: functions then live in memory, after one warning.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import platformdirs

from livefilter.compiler._abi import Function, InterpretedCall, PythonFunction
from livefilter.compiler.lanes import llvm_sources, numpy_operations
from livefilter.compiler.native._compile_server import CompileSession, UnsupportedNumbaError, compile_object
from livefilter.compiler.native._object_file import ObjectFile, cpu_fingerprint, load_object

logger = logging.getLogger("livefilter.compiler")
_COMPILER = Path(__file__).parent.parent
_HASHED_SOURCES = (
    "_abi.py",
    "native/_numba.py",
    "threads/_atomics.py",
    "threads/_control_block.py",
)
_functions: dict[str, Function] = {}
_key_locks: dict[str, threading.Lock] = {}
_lock = threading.Lock()
_warned = threading.Event()
_is_unsupported = threading.Event()
_interpreted_blocks = 0


def cache_folder() -> Path:
    """Return the folder of compiled functions; it need not exist."""
    if given := os.environ.get("LIVEFILTER_CACHE_DIR"):
        return Path(given)
    if shared := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(shared) / "livefilter"
    return Path(platformdirs.user_cache_dir("livefilter", appauthor=False))


def cached_files() -> list[Path]:
    """Return all files of the cache."""
    folder = cache_folder()
    return sorted(path for path in folder.rglob("*lf_*") if path.is_file()) if folder.is_dir() else []


def clear_cache() -> int:
    """Delete all files of the cache, and return their number."""
    files = cached_files()
    for path in files:
        with suppress(OSError):
            path.unlink()
    return len(files)


def load_or_compile(source: str, name: str, session: CompileSession | None = None) -> Function:
    """Return the function ``name`` of a generated source, from memory, from disk, or newly compiled.

    Args:
        source: Text of a module.
        name: A function of it with one argument, the argument block that ``_abi`` describes.
        session: Compiles if need be [default: a session of its own].

    Raises:
        CompileCancelled: The session was cancelled.
    """
    return _interpret(source, name) if is_interpreted() else load_native(source, name, session)


def load_native(source: str, name: str, session: CompileSession | None = None) -> Function:
    """Return the same as `load_or_compile`, as machine code even inside an `interpreted` block.

    For functions that only machine code can use: a thread may load them while a test runs such a block.
    """
    if _is_jit_disabled():
        return _interpret(source, name)
    key = _key(source, name)
    with _lock:
        key_lock = _key_locks.setdefault(key, threading.Lock())
    with key_lock:
        function = _functions.get(key)
        if function is None:
            function = _functions[key] = _compiled(key, source, name, session)
        return function


def forget_functions() -> None:
    """Forget the functions loaded so far, so that the next call reads the cache on disk, as in a new process."""
    with _lock:
        _functions.clear()


def is_interpreted() -> bool:
    """Return whether generated functions run as plain Python, for coverage and debugging."""
    return _interpreted_blocks > 0 or _is_jit_disabled()


def _is_jit_disabled() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


@contextmanager
def interpreted() -> Iterator[None]:
    """Run the functions loaded inside the block as plain Python; NUMBA_DISABLE_JIT=1 does so for a whole process."""
    global _interpreted_blocks
    _interpreted_blocks += 1
    try:
        yield
    finally:
        _interpreted_blocks -= 1


def _interpret(source: str, name: str) -> Function:
    """Return the function ``name`` of a generated source as plain Python on NumPy arrays."""
    names = numpy_operations()
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    code: PythonFunction = names[name]
    return partial(InterpretedCall, code)


def _compiled(key: str, source: str, name: str, session: CompileSession | None) -> Function:
    """Return a function as machine code, or by what an unknown version of Numba leaves: njit, else NumPy."""
    if not _is_unsupported.is_set():
        try:
            return load_object(_load_or_build(key, source, name, session))
        except (UnsupportedNumbaError, AttributeError, TypeError) as error:
            with _lock:
                if not _is_unsupported.is_set():
                    logger.warning(
                        "Numba %s and llvmlite %s have other internals than livefilter knows (%s); each process "
                        "compiles its filters again, or runs them in NumPy, slowly; install an older Numba",
                        version("numba"),
                        version("llvmlite"),
                        error,
                    )
                _is_unsupported.set()
    try:
        from livefilter.compiler.native._njit import compile_in_process

        return compile_in_process(source, name)
    except Exception:  # Intrinsics may fail as well, in whatever way; NumPy needs none.
        logger.debug("njit cannot compile %s", name, exc_info=True)
        return _interpret(source, name)


def _key(source: str, name: str) -> str:
    return hashlib.sha256("\0".join((source, name, *_environment())).encode()).hexdigest()[:40]


@cache
def _environment() -> tuple[str, ...]:
    """Return what machine code depends on besides its source: the lane operations, the compilers, the processor."""
    files = [*llvm_sources(), *(_COMPILER / name for name in _HASHED_SOURCES)]
    sources = [path.read_text(encoding="utf-8") for path in files]
    return (*sources, version("numba"), version("llvmlite"), sys.version, *cpu_fingerprint())


def _load_or_build(key: str, source: str, name: str, session: CompileSession | None) -> ObjectFile:
    code = None
    try:
        path = _private_folder(cache_folder()) / f"lf_{key}.o"
        code = _read(path)
        if code is None:
            with _locked(path):
                code = _read(path)
                if code is None:
                    code = compile_object(source, name, session)
                    _write(path, code)
    except OSError as error:
        if not _warned.is_set():
            _warned.set()
            logger.warning("cannot cache compiled filters: %s; set LIVEFILTER_CACHE_DIR to a folder of your own", error)
    return code or compile_object(source, name, session)


def _private_folder(folder: Path) -> Path:
    """Create a folder if need be, and return it; refuse one that other users could put code into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        status = folder.stat()
        if status.st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user")
        if status.st_mode & 0o022:
            raise PermissionError(f"{folder} can be written by other users")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written")
    return folder


def _read(path: Path) -> ObjectFile | None:
    """Return the content of a file; None if it does not exist or was damaged."""
    try:
        checksum, symbol, content = path.read_bytes().split(b"\n", 2)
    except (FileNotFoundError, ValueError):
        return None
    code = ObjectFile(symbol.decode("utf-8", "replace"), content)
    return code if checksum == _checksum(code) else None


def _checksum(code: ObjectFile) -> bytes:
    return hashlib.sha256(code.symbol.encode() + b"\n" + code.content).hexdigest().encode()


def _write(path: Path, code: ObjectFile) -> None:
    """Write a file under a temporary name and rename it, so that no process reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="lf_", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join((_checksum(code), code.symbol.encode(), code.content)))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time compile a function; the others then read its file."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes may both compile, and the later file wins.
        yield
        return
    lock = path.with_suffix(".lock")
    with open(lock, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Processes that wait for this file still get it; later ones create a new one, and find the function.
            lock.unlink(missing_ok=True)
