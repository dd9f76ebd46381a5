"""Generated source compiled by the public API of Numba alone, for versions whose internals livefilter does not know.

``numba.njit`` keeps nothing that another process could load without Numba, so each process compiles its own functions.
"""

# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

from functools import partial
from typing import Any, cast

from numba import cfunc, njit, types

from livefilter.compiler._abi import Function, NativeCall
from livefilter.compiler.lanes import llvm_operations
from livefilter.compiler.native._object_file import PROTOTYPE, keep_forever


def compile_in_process(source: str, name: str) -> Function:
    """Compile the function ``name`` of a generated source in this process."""
    names: dict[str, Any] = {**llvm_operations(), "__name__": "livefilter_generated"}
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    function = njit(error_model="numpy")(names[name])
    block = types.CPointer(types.int64)

    @cfunc(types.int32(block, block, block))
    def entry(result: Any, error: Any, call: Any) -> int:
        function(call)
        return 0

    keep_forever(entry)
    return partial(NativeCall, PROTOTYPE(cast(int, entry.address)))
