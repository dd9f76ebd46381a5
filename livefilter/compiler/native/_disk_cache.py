"""Compiled functions, kept on disk.

Every function has a file of its own, named by the SHA-256 of all that its machine code depends on: so two functions are
never taken for one another, whatever a clock says. A file is written aside and moved into place, and sealed by a
checksum, since what is in it is run: what does not match its seal is compiled again.

The folder is LIVEFILTER_CACHE_DIR, or ``livefilter`` in NUMBA_CACHE_DIR, or the user's cache folder. A folder that
cannot be written, or that another user could write, is not used; functions then live in memory, after one warning.
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
from livefilter.compiler.native._compile_server import CompileSession, compile_object
from livefilter.compiler.native._object_file import ObjectFile, cpu_fingerprint, load_object

LOG = logging.getLogger("livefilter.compiler")
_COMPILER = Path(__file__).parent.parent
_HASHED_SOURCES = (
    "_abi.py",
    "native/_numba.py",
    "threads/_atomics.py",
    "threads/_control_block.py",
)
_functions: dict[str, Function] = {}
_compiling: dict[str, threading.Lock] = {}
_lock = threading.Lock()
_warned = threading.Event()
_interpreted_blocks = 0


def cache_folder() -> Path:
    """Return where compiled functions are kept; it need not exist."""
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
    """Delete all files of the cache; return how many there were."""
    files = cached_files()
    for path in files:
        with suppress(OSError):
            path.unlink()
    return len(files)


def load_or_compile(source: str, name: str, session: CompileSession | None = None) -> Function:
    """Return the function ``name`` of a generated source, from memory, from disk, or newly compiled.

    Args:
        source: Text of a module.
        name: Of a function with one argument, the block of words that ``_call`` describes.
        session: The process that compiles; one is borrowed unless given.

    Raises:
        CompileCancelled: The session was stopped meanwhile.
    """
    return interpret(source, name) if is_interpreted() else load_native(source, name, session)


def load_native(source: str, name: str, session: CompileSession | None = None) -> Function:
    """Return the same as `load_or_compile`, as machine code even inside an `interpreted` block.

    For functions that only machine code can use: a thread may load them while a test runs such a block.
    """
    if _is_jit_disabled():
        return interpret(source, name)
    key = _key(source, name)
    with _lock:
        own_lock = _compiling.setdefault(key, threading.Lock())
    with own_lock:
        if key not in _functions:
            _functions[key] = load_object(_kept_or_made(key, source, name, session))
        return _functions[key]


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


def interpret(source: str, name: str) -> Function:
    """Return function ``name`` of a source as plain Python over NumPy arrays."""
    names = numpy_operations()
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    code: PythonFunction = names[name]
    return partial(InterpretedCall, code)


def _key(source: str, name: str) -> str:
    return hashlib.sha256("\0".join((source, name, *_environment())).encode()).hexdigest()[:40]


@cache
def _environment() -> tuple[str, ...]:
    """Return what machine code depends on beside its source: the lane operations, the compilers, the processor."""
    files = [*llvm_sources(), *(_COMPILER / name for name in _HASHED_SOURCES)]
    sources = [path.read_text(encoding="utf-8") for path in files]
    return (*sources, version("numba"), version("llvmlite"), sys.version, *cpu_fingerprint())


def _kept_or_made(key: str, source: str, name: str, session: CompileSession | None) -> ObjectFile:
    code = None
    try:
        path = _trusted(cache_folder()) / f"lf_{key}.o"
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
            LOG.warning("compiled filters are not kept: %s; set LIVEFILTER_CACHE_DIR to a folder of your own", error)
    return code or compile_object(source, name, session)


def _trusted(folder: Path) -> Path:
    """Return the folder, made if need be, if nobody else can put code into it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        found = folder.stat()
        if found.st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user")
        if found.st_mode & 0o022:
            raise PermissionError(f"{folder} can be written by other users")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written")
    return folder


def _read(path: Path) -> ObjectFile | None:
    """Return what is in a file; nothing if there is none, or not what was written to it."""
    try:
        seal, symbol, content = path.read_bytes().split(b"\n", 2)
    except (FileNotFoundError, ValueError):
        return None
    code = ObjectFile(symbol.decode("utf-8", "replace"), content)
    return code if seal == _seal(code) else None


def _seal(code: ObjectFile) -> bytes:
    return hashlib.sha256(code.symbol.encode() + b"\n" + code.content).hexdigest().encode()


def _write(path: Path, code: ObjectFile) -> None:
    """Write a file aside and move it into place, so that nobody ever reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="lf_", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join((_seal(code), code.symbol.encode(), code.content)))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time compile a function; the others then read what it made."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes may both compile, and the later one's file wins.
        yield
        return
    lock = path.with_suffix(".lock")
    with open(lock, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Who waits for this file gets it still; who comes later makes one anew, and finds the function.
            lock.unlink(missing_ok=True)
