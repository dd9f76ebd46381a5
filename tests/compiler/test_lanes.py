"""The two instruction sets have the same operations."""

from __future__ import annotations

from livefilter.compiler.lanes import llvm_operations, llvm_sources, numpy_operations


def test_every_operation_exists_for_llvm_and_for_numpy() -> None:
    """Source that runs as plain Python also compiles, and the other way round."""
    assert set(llvm_operations()) == set(numpy_operations())


def test_every_source_of_machine_code_is_part_of_the_cache_key() -> None:
    """The modules that define the LLVM operations are hashed: a changed instruction is never loaded from the cache."""
    homes = {getattr(operation, "__module__", "") for operation in llvm_operations().values()} - {"", "builtins"}
    hashed = {f"livefilter.compiler.lanes.{path.stem}" for path in llvm_sources()}
    assert len(homes) >= 4
    assert homes <= hashed
