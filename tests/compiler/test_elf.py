"""Object files that are loaded without LLVM: as LLVM loads them, or left to it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from livefilter.compiler.native import _compile_server as beside
from livefilter.compiler.native import _elf_loader as elf
from livefilter.compiler.native import _object_file as objects
from livefilter.compiler.native._object_file import ObjectFile
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
    return beside.compile_object(SOURCE, "program")


def result(code: ObjectFile) -> list[int]:
    """What the function makes of twenty numbers."""
    numbers = np.arange(20, dtype=np.int32)
    objects.load_object(code)([numbers]).run()
    return numbers.tolist()


@pytest.mark.parametrize("name", ["worker_loop", "run_and_join"])
def test_what_threads_share_a_frame_with_needs_no_llvm(name: str) -> None:
    """It would take 50 MB of every process that filters."""
    code = beside.compile_object(WORK_LOOP.read_text(encoding="utf-8"), name)
    assert elf.load_elf(code.content, code.symbol)


EXPECTED = [at * 4 for at in range(20)]


def test_code_is_placed_and_called_without_llvm(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its constants and the functions of the C library that it calls are found."""
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert result(code) == EXPECTED


def test_code_cannot_be_written(code: ObjectFile) -> None:
    """Memory is either written or executed, never both."""
    address = elf.load_elf(code.content, code.symbol)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        begin, end = (int(number, 16) for number in line.split()[0].split("-"))
        if begin <= address < end:
            assert line.split()[1] == "r-xp"
            return
    pytest.fail("it is nowhere")


def test_a_file_that_is_cut_off_is_not_loaded(code: ObjectFile) -> None:
    """Wherever it ends."""
    for end in range(0, len(code.content), 61):
        with pytest.raises(elf.UnsupportedObjectError):
            elf.load_elf(code.content[:end], code.symbol)


@pytest.mark.parametrize(
    ("at", "byte"),
    [(0, 0), (4, 1), (5, 2), (16, 3), (18, 183)],
    ids=["another format", "32 bits", "the high byte first", "a shared library", "ARM"],
)
def test_files_of_other_kinds_are_not_loaded(code: ObjectFile, at: int, byte: int) -> None:
    """They are LLVM's business."""
    changed = bytearray(code.content)
    changed[at] = byte
    with pytest.raises(elf.UnsupportedObjectError, match="not for this system"):
        elf.load_elf(bytes(changed), code.symbol)


def test_another_kind_of_relocation_is_not_guessed_at(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known is left to LLVM, which does it right."""
    monkeypatch.setattr(elf, "_R_X86_64_64", 99)
    with pytest.raises(elf.UnsupportedObjectError, match="relocation of kind 1"):
        elf.load_elf(code.content, code.symbol)
    assert result(code) == EXPECTED


def test_a_function_that_nobody_has_is_no_crash(code: ObjectFile) -> None:
    """Neither the one that is asked for nor one that it calls."""
    with pytest.raises(elf.UnsupportedObjectError, match="not whole"):
        elf.load_elf(code.content, "sweep")
    with pytest.raises(elf.UnsupportedObjectError, match="there is no livefilter_nothing"):
        elf._function("livefilter_nothing")


def test_other_systems_leave_it_to_llvm(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file gives the same results."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(elf.UnsupportedObjectError):
        elf.load_elf(code.content, code.symbol)
    assert result(code) == EXPECTED


def test_a_system_that_forbids_new_code_is_an_error(code: ObjectFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a crash later, when it is called."""

    class Forbidding:
        """The C library of a hardened system."""

        mmap = elf._c_library().mmap

        @staticmethod
        def mprotect(*_: int) -> int:
            """As the system's."""
            return -1

    monkeypatch.setattr(elf, "_c_library", Forbidding)
    monkeypatch.setattr(elf, "_function", lambda name: 1)
    with pytest.raises(OSError, match="forbids new machine code"):
        elf.load_elf(code.content, code.symbol)
