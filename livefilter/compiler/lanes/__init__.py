"""The instruction set of generated source, twice: as LLVM intrinsics for machine code, and in NumPy for plain Python.

Begin with ``_numpy``, which says what each operation computes; ``_arithmetic`` and ``_memory`` are the same for LLVM.
"""
