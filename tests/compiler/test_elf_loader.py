"""Object files loaded without LLVM: with the same result, or refused and left to LLVM."""

from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from livefilter.compiler.native import ObjectFile, UnsupportedObjectError, compile_object, load_elf, load_object
from livefilter.compiler.threads import WORK_LOOP

pytestmark = [
    pytest.mark.jit,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64", reason="loads object files of Linux on x86-64"
    ),
]
SOURCE = """\
def program(call):
    out = argument(call, 0, "int32[::1]")
    for at in range(out.size):
        out[at] = out[at] * 3 + at
"""


@pytest.fixture(scope="module")
def code() -> ObjectFile:
    """A function with constants, compiled."""
    return compile_object(SOURCE, "program")


def result(code: ObjectFile) -> list[int]:
    """Return the numbers that the function turns twenty others into."""
    numbers = np.arange(20, dtype=np.int32)
    load_object(code)([numbers]).run()
    return numbers.tolist()


@pytest.mark.parametrize("name", ["worker_loop", "run_and_join"])
def test_the_thread_hand_over_needs_no_llvm(name: str) -> None:
    """It would take 50 MB of every process that filters."""
    code = compile_object(WORK_LOOP.read_text(encoding="utf-8"), name)
    assert load_elf(code.content, code.symbol)


EXPECTED = [at * 4 for at in range(20)]


def test_code_is_loaded_and_called_without_llvm(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its constants and the functions of the C library that it calls are found."""
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert result(code) == EXPECTED


def test_code_cannot_be_written(code: ObjectFile) -> None:
    """Memory is either written or executed, never both."""
    address = load_elf(code.content, code.symbol)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        begin, end = (int(number, 16) for number in line.split()[0].split("-"))
        if begin <= address < end:
            assert line.split()[1] == "r-xp"
            return
    pytest.fail("it is nowhere")


def test_a_file_that_is_cut_off_is_not_loaded(code: ObjectFile) -> None:
    """Wherever it ends."""
    for end in range(0, len(code.content), 61):
        with pytest.raises(UnsupportedObjectError):
            load_elf(code.content[:end], code.symbol)


@pytest.mark.parametrize(
    ("at", "byte"),
    [(0, 0), (4, 1), (5, 2), (16, 3), (18, 183)],
    ids=["another format", "32 bits", "the high byte first", "a shared library", "ARM"],
)
def test_files_of_other_kinds_are_not_loaded(code: ObjectFile, at: int, byte: int) -> None:
    """LLVM may know them."""
    changed = bytearray(code.content)
    changed[at] = byte
    with pytest.raises(UnsupportedObjectError, match="not a relocatable ELF file for x86-64"):
        load_elf(bytes(changed), code.symbol)


def with_relocations_of_type(content: bytes, number: int) -> bytes:
    """Return an object file with the type of all its relocations changed."""
    changed = bytearray(content)
    table, size, count = (struct.unpack_from("<Q", content, 40)[0], *struct.unpack_from("<HH", content, 58))
    for at in range(table, table + size * count, size):
        if struct.unpack_from("<I", content, at + 4) == (4,):
            offset, length = struct.unpack_from("<QQ", content, at + 24)
            for relocation in range(offset, offset + length, 24):
                struct.pack_into("<I", changed, relocation + 8, number)
    return bytes(changed)


def test_other_types_of_relocations_are_refused(code: ObjectFile) -> None:
    """LLVM applies them correctly, and a guess would crash."""
    assert load_elf(with_relocations_of_type(code.content, 1), code.symbol)  # As they are.
    with pytest.raises(UnsupportedObjectError, match="relocation of type 99"):
        load_elf(with_relocations_of_type(code.content, 99), code.symbol)


CLEAR = """\
def program(call):
    out = argument(call, 0, "uint8[::1]")
    clear(out, 0, out.size)
"""


def test_a_function_that_does_not_exist_is_no_crash(code: ObjectFile) -> None:
    """Neither the requested one nor one that it calls."""
    with pytest.raises(UnsupportedObjectError, match="incomplete object file"):
        load_elf(code.content, "sweep")
    calling = compile_object(CLEAR, "program")
    assert load_elf(calling.content, calling.symbol)
    without = calling.content.replace(b"\0memset\0", b"\0nosuch\0")
    with pytest.raises(UnsupportedObjectError, match="the C library has no nosuch"):
        load_elf(without, calling.symbol)


def test_other_systems_leave_it_to_llvm(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file gives the same results."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(UnsupportedObjectError):
        load_elf(code.content, code.symbol)
    assert result(code) == EXPECTED


def test_a_system_that_forbids_new_code_is_an_error(code: ObjectFile) -> None:
    """Not a crash later, when the code is called."""
    with pytest.raises(OSError, match="forbids new machine code"):
        load_elf(code.content, code.symbol, mprotect=lambda address, size, protection: -1)
