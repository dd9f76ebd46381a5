"""Compiled functions, kept on disk.

Numba's own index knows a cached function by file, name, first line and byte code, not by the constants in it, so two
generated functions in one file (or a rewritten file within the clock's resolution) can be taken for one another. Here
every source has a file of its own, named by the SHA-256 of all that its machine code depends on. A file is written
aside and moved into place; the compiled objects beside it are sealed by a checksum, since they are pickles that are
loaded as code: what does not match its seal is deleted and compiled again.

The folder is LIVEFILTER_CACHE_DIR, or ``livefilter`` in NUMBA_CACHE_DIR, or the user's cache folder. A folder that
cannot be written, or that another user could write, is not used; functions then live in memory, after one warning.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import inspect
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
import platformdirs
from numba.core import config
from numba.core.registry import cpu_target

from livefilter.compiler import _formula, _lane_memory, _lane_sums, _lanes, _lanes_plain

Function = Callable[..., None]
LOG = logging.getLogger("livefilter.compiler")
OPTIONS = 'nogil=True, error_model="numpy", boundscheck=False, no_cfunc_wrapper=True, _nrt=False'
_functions: dict[str, Function] = {}
_compiling: dict[str, threading.Lock] = {}
_lock = threading.Lock()
_warned = threading.Event()


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


def compiled(source: str, signature: str, name: str) -> Function:
    """Return the machine code of function ``name`` in ``source``, from memory, from disk, or newly compiled."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return plain(source, name)
    key = _key(source, signature, name)
    with _lock:
        own_lock = _compiling.setdefault(key, threading.Lock())
    with own_lock:
        if key not in _functions:
            _functions[key] = _from_disk(key, _module_text(source, signature), name) or _in_memory(
                key, _module_text(source, signature, on_disk=False), name
            )
        return _functions[key]


def is_kept(source: str, signature: str, name: str) -> bool:
    """Return whether ``compiled`` would have it without compiling."""
    key = _key(source, signature, name)
    path = cache_folder() / f"lf_{key}.py"
    return bool(config.DISABLE_JIT) or key in _functions or path.with_suffix(".seal").is_file()  # type: ignore[attr-defined]


def can_keep() -> bool:
    """Return whether what is compiled is kept for other processes."""
    try:
        _trusted(cache_folder())
    except OSError:
        return False
    return True


def uncached(source: str, signature: str, name: str) -> Function:
    """Return newly compiled machine code, whose assembly can be read."""
    return _in_memory(_key(source, signature, name), _module_text(source, signature, on_disk=False), name)


def plain(source: str, name: str) -> Function:
    """Return function ``name`` in ``source`` as plain Python over NumPy arrays."""
    names = {key: value for key, value in vars(_lanes_plain).items() if not key.startswith("_")}
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    return names[name]  # type: ignore[no-any-return]


def _key(source: str, signature: str, name: str) -> str:
    parts = (source, signature, name, OPTIONS, *_environment())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


@cache
def _environment() -> tuple[str, ...]:
    """Return what machine code depends on beside its source: the lane operations, the compilers, the processor."""
    lanes = [inspect.getsource(module) for module in (_lanes, _lane_memory, _lane_sums, _formula)]
    return (*lanes, numba.__version__, llvmlite.__version__, sys.version, *map(str, _target().magic_tuple()))


def _target() -> Any:
    return cpu_target.target_context.codegen()


def _module_text(source: str, signature: str, *, on_disk: bool = True) -> str:
    words = set(re.findall(r"\w+", source))
    names = sorted(name for name in vars(_lanes) if name in words and name in vars(_lanes_plain))
    imports = ",\n    ".join(names)
    caching = "cache=True, " if on_disk else ""
    return (
        '"""Generated by livefilter; safe to delete."""\n\n'
        f"from numba import njit\n\nfrom livefilter.compiler._lanes import (\n    {imports},\n)\n\n\n"
        f"@njit(\n    {signature!r},\n    {caching}{OPTIONS},\n)\n{source}"
    )


def _in_memory(key: str, text: str, name: str) -> Function:
    names: dict[str, Any] = {"__name__": f"lf_{key}"}
    with _uncollected():
        exec(compile(text, f"<livefilter {name}>", "exec"), names)
    return names[name]  # type: ignore[no-any-return]


def _from_disk(key: str, text: str, name: str) -> Function | None:
    """Return a function through the cache folder, or None if the folder is of no use."""
    try:
        folder = _trusted(cache_folder())
        path = folder / f"lf_{key}.py"
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
            _write(path, text)
        with _locked(path):
            for attempt in (1, 2):
                try:
                    return _imported(path, name)
                except OSError:
                    raise
                except Exception as error:
                    LOG.info("cached code %s cannot be loaded (%s); compiling it again", path.name, error)
                    _discard(path)
                    if attempt == 2:
                        raise OSError(f"{path} cannot be compiled through the cache") from error
    except OSError as error:
        if not _warned.is_set():
            _warned.set()
            LOG.warning("compiled filters are not kept: %s; set LIVEFILTER_CACHE_DIR to a folder of your own", error)
    return None


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


def _write(path: Path, text: str) -> None:
    """Write a file aside and move it into place, so that nobody ever reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="lf_", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time compile a source; the others then load what it made."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes may both compile, and the later one's files win.
        yield
        return
    with open(path, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking Numba's many objects.

    That takes a fifth of the time meanwhile, and afterwards 80 ms at a time, in which no picture would come. What there
    is in the end stays for good, as Numba's types do anyway.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
            gc.collect()
            gc.freeze()


def _imported(path: Path, name: str) -> Function:
    """Import a generated module, which compiles its function or loads it, and seal what was compiled."""
    seal = path.with_suffix(".seal")
    objects = _objects(path)
    if objects and (not seal.is_file() or seal.read_text(encoding="utf-8", errors="replace") != _checksum(objects)):
        _discard(path, keep_source=True)
        objects = []
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    # Numba's pickles name the module, so it has to be known before its function is loaded.
    sys.modules[path.stem] = module
    try:
        with _uncollected():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    if not objects:
        _write(seal, _checksum(_objects(path)))
    return getattr(module, name)  # type: ignore[no-any-return]


def _objects(path: Path) -> list[Path]:
    """Return Numba's files for a generated module, wherever NUMBA_CACHE_DIR puts them."""
    roots = [path.parent / "__pycache__"]
    if shared := os.environ.get("NUMBA_CACHE_DIR"):
        roots.append(Path(shared))
    return sorted({found for root in roots if root.is_dir() for found in root.rglob(f"{path.stem}.*.nb[ic]")})


def _checksum(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _discard(path: Path, *, keep_source: bool = False) -> None:
    """Delete all that belongs to a generated module."""
    for file in [*_objects(path), path.with_suffix(".seal")]:
        with suppress(OSError):
            file.unlink()
    if not keep_source and not path.is_file():
        raise FileNotFoundError(path)
