"""Machine code from generated source, by Numba. Only this module and the lane operations import it."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import re
from typing import Any

from numba import njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder

from livefilter.compiler import _lanes, _lanes_plain
from livefilter.compiler._objects import ObjectCode

_SKIPPED = {
    "DeadBranchPrune",
    "FindLiterallyCalls",
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
"""Numba's passes for what generated code never has: closures, whole-array arithmetic, branches on types."""


class _Library(JITCodeLibrary):
    """Numba's, optimised once: of its three rounds, two prepare for counting references, and there are none."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)


class _Compiler(CompilerBase):
    """Numba's usual pipeline without the passes that would find nothing; they take a tenth of the time."""

    def define_pipelines(self) -> list[Any]:
        """Return the passes, in order."""
        self.state.library = _Library(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [item for item in manager.passes if item[0].__name__ not in _SKIPPED]
        manager.finalize()
        return [manager]


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "pipeline_class": _Compiler,
}


def object_code(source: str, name: str) -> ObjectCode:
    """Compile the function ``name`` of a generated source."""
    compiled = _compiled(source, name)
    _, _, (content, _) = compiled.library.serialize_using_object_code()
    return ObjectCode(compiled.fndesc.llvm_func_name, bytes(content))


def assembly(source: str, name: str) -> str:
    """Compile the function ``name`` of a generated source, and return its assembly."""
    return str(_compiled(source, name).library.get_asm_str())


def _compiled(source: str, name: str) -> Any:
    words = set(re.findall(r"\w+", source))
    names = {word: getattr(_lanes, word) for word in words if hasattr(_lanes, word) and hasattr(_lanes_plain, word)}
    names["__name__"] = "livefilter_generated"
    exec(compile(source, f"<livefilter {name}>", "exec"), names)
    dispatcher = njit(types.void(types.CPointer(types.int64)), **_OPTIONS)(names[name])
    (compiled,) = dispatcher.overloads.values()
    return compiled
