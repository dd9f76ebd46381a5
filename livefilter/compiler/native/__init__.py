"""Native code: the cache, compiler and loader of generated functions.

Begin with ``_disk_cache``: ``load_or_compile`` returns a function from memory, from the cache on disk, or newly
compiled. A ``CompileSession`` (``_compile_server``) compiles in a child process, which normally is the only one that
imports Numba (``_numba``). The result is an ``ObjectFile`` (``_object_file``), which ``_elf_loader`` places in memory
without LLVM where it can. ``livefilter.compiler._abi`` defines how the functions are called. ``_njit`` compiles in this
process where Numba's internals are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.compiler.native._compile_server import (
        CompileCancelled,
        CompileSession,
        compile_object,
        end_idle_compilers,
    )
    from livefilter.compiler.native._disk_cache import (
        cache_folder,
        cached_files,
        clear_cache,
        forget_functions,
        interpreted,
        is_interpreted,
        load_native,
        load_or_compile,
    )
    from livefilter.compiler.native._elf_loader import UnsupportedObjectError, load_elf
    from livefilter.compiler.native._numba import assembly, llvm_ir
    from livefilter.compiler.native._object_file import ObjectFile, keep_forever, load_object
else:  # A process that only compiles needs no cache, and one that filters no Numba.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_compile_server": ["CompileCancelled", "CompileSession", "compile_object", "end_idle_compilers"],
            "_disk_cache": [
                "cache_folder",
                "cached_files",
                "clear_cache",
                "forget_functions",
                "interpreted",
                "is_interpreted",
                "load_native",
                "load_or_compile",
            ],
            "_elf_loader": ["UnsupportedObjectError", "load_elf"],
            "_numba": ["assembly", "llvm_ir"],
            "_object_file": ["ObjectFile", "keep_forever", "load_object"],
        },
    )

__all__ = [
    "CompileCancelled",
    "CompileSession",
    "ObjectFile",
    "UnsupportedObjectError",
    "assembly",
    "cache_folder",
    "cached_files",
    "clear_cache",
    "compile_object",
    "end_idle_compilers",
    "forget_functions",
    "interpreted",
    "is_interpreted",
    "keep_forever",
    "llvm_ir",
    "load_elf",
    "load_native",
    "load_object",
    "load_or_compile",
]
