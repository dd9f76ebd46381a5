"""Machine code from generated source, by Numba. Imported only by what compiles."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import re
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from numba import types
from numba.core.codegen import AOTCodeLibrary, AOTCPUCodegen, JITCPUCodegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from livefilter.compiler.lanes import llvm_operations
from livefilter.compiler.native._object_file import ObjectFile

_SKIPPED = {
    "DeadBranchPrune",
    "FindLiterallyCalls",
    "GenericRewrites",
    "InlineClosureLikes",
    "InlineInlinables",
    "InlineOverloads",
    "LiteralPropagationSubPipelinePass",
    "LiteralUnroll",
    "MakeFunctionToJitFunction",
    "NopythonRewrites",
    "RewriteSemanticConstants",
    "WithLift",
}
"""Numba's passes for what generated code never contains: closures, array expressions, branches on types, exceptions."""


class _Library(AOTCodeLibrary):
    """Numba's code library with one round of optimisation: Numba's other two are for reference counts.

    Loops are vectorised but not unrolled beyond that: unrolling takes a sixth of the compile time and hardly speeds up
    any loop.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_unrolling = False
        builder = llvm.create_pass_builder(self._codegen._tm, options)
        builder.getModulePassManager().run(self._final_module, builder)


class _Codegen(AOTCPUCodegen):
    """Numba's code generator for object files, with the target options of its JIT.

    Constants then have 64-bit addresses. LLVM keeps constants at nearer ones in registers until none is left, and
    Gaussians in float32 take a third longer.
    """

    _library_class = _Library
    _customize_tm_options = JITCPUCodegen._customize_tm_options
    _customize_tm_features = JITCPUCodegen._customize_tm_features


class _Compiler(CompilerBase):
    """Numba's usual pipeline without the passes that would find nothing, a tenth of the compile time."""

    def define_pipelines(self) -> list[Any]:
        """Return the passes, in order."""
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [item for item in manager.passes if item[0].__name__ not in _SKIPPED]
        manager.finalize()
        return [manager]


def compile_object(source: str, name: str) -> ObjectFile:
    """Compile the function ``name`` of a generated source."""
    symbol, library = _compiled(source, name)
    return ObjectFile(symbol, bytes(library.emit_native_object()))


def assembly(source: str, name: str) -> str:
    """Compile the function ``name`` of a generated source, and return its assembly."""
    return str(_compiled(source, name)[1].get_asm_str())


def llvm_ir(source: str, name: str) -> str:
    """Compile the function ``name`` of a generated source, and return its optimised LLVM IR."""
    return str(_compiled(source, name)[1].get_llvm_str())


def _compiled(source: str, name: str) -> tuple[str, Any]:
    """Return the symbol of a function and its code library."""
    words = set(re.findall(r"\w+", source))
    names = {name: operation for name, operation in llvm_operations().items() if name in words}
    names["__name__"] = "livefilter_generated"
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    with global_compiler_lock:
        result = compile_extra(
            cpu_target.typing_context,
            _target(),
            names[name],
            (types.CPointer(types.int64),),
            types.void,
            _flags(),
            {},
            pipeline_class=_Compiler,
        )
        result.library.finalize()
    return result.fndesc.llvm_func_name, result.library


def _flags() -> Any:
    flags: Any = Flags()
    flags.error_model = "numpy"
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    return flags


@cache
def _target() -> Any:
    """Return Numba's target for object files."""
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    target = cpu_target.target_context.subtarget(_internal_codegen=_Codegen("livefilter"), aot_mode=True)
    target.refresh = lambda: None  # It would look for new registrations at each call it compiles.
    return target
