"""Object files of Linux on x86-64, put into memory without LLVM.

LLVM takes 50 MB of a process, only to place one function of some 30 KB. What it writes for such a function needs
little: a few sections laid one after the other, and addresses written into them, as the System V ABI has it (chapter
4, and its AMD64 supplement). Whatever else may be in an object file is left to LLVM.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import sys
from dataclasses import dataclass
from functools import cache

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_BEGINNING = b"\x7fELF\x02\x01\x01"
"""64 bits, the low byte first, version 1."""
_RELOCATABLE, _X86_64 = 1, 62
_CONTENT, _SYMBOLS, _RELOCATIONS = 1, 2, 4
"""Types of sections."""
_WRITABLE, _LOADED = 1, 2
"""Flags of sections."""
_ELSEWHERE = 0
"""The section of symbols that are in no section of this file."""
_R_X86_64_64 = 1
"""The one kind of relocation that there is with LLVM's large code model: a symbol's address, in 64 bits."""


class UnsupportedObjectError(Exception):
    """A file that only LLVM knows how to load."""


@dataclass(frozen=True, slots=True)
class _Section:
    type: int
    is_loaded: bool
    content: bytes
    link: int
    info: int
    alignment: int


def load_elf(content: bytes, symbol: str) -> int:
    """Put an object file into memory for good, and return the address of a function in it.

    Raises:
        UnknownObjectError: It is not what LLVM writes for a generated function on this system.
        OSError: There is no memory for it, or the system forbids new machine code.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise UnsupportedObjectError("another system")
    try:
        sections = _sections(content)
        starts, size = _layout(sections)
        memory = _memory(size)
        symbols = _symbols(sections, {at: memory + start for at, start in starts.items()})
        image = _linked(sections, starts, size, [address for _, address in symbols])
        address = dict(symbols)[symbol]
    except (struct.error, LookupError, ValueError) as error:
        raise UnsupportedObjectError(f"not whole: {error!r}") from error
    if address is None:
        raise UnsupportedObjectError(f"{symbol} is not in it")
    ctypes.memmove(memory, image, size)
    if _c_library().mprotect(memory, size, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "this system forbids new machine code")
    return address


def _sections(content: bytes) -> list[_Section]:
    start, kind, machine, _, _, _, table, _, _, _, _, size, count, _ = _HEADER.unpack_from(content)
    if not start.startswith(_BEGINNING) or (kind, machine) != (_RELOCATABLE, _X86_64):
        raise UnsupportedObjectError("not for this system")
    found = []
    for at in range(count):
        _, kind, flags, _, offset, length, link, info, alignment, _ = _SECTION.unpack_from(content, table + at * size)
        is_loaded = bool(flags & _LOADED and length)
        if is_loaded and (kind != _CONTENT or flags & _WRITABLE):
            raise UnsupportedObjectError(f"section {at} is neither code nor constants")
        found.append(_Section(kind, is_loaded, content[offset : offset + length], link, info, max(alignment, 1)))
    return found


def _layout(sections: list[_Section]) -> tuple[dict[int, int], int]:
    """Return where the sections that are loaded begin, and how many bytes that makes."""
    starts, size = {}, 0
    for at, section in enumerate(sections):
        if section.is_loaded:
            starts[at] = size + -size % section.alignment
            size = starts[at] + len(section.content)
    return starts, size


def _symbols(sections: list[_Section], bases: dict[int, int]) -> list[tuple[str, int | None]]:
    """Return the names of all symbols, in order, and their addresses; None for what lies nowhere."""
    (table,) = (section for section in sections if section.type == _SYMBOLS)
    names = sections[table.link].content
    found: list[tuple[str, int | None]] = []
    for start, _, _, section, value, _ in _SYMBOL.iter_unpack(table.content):
        name = names[start : names.index(b"\0", start)].decode("ascii")
        base = bases.get(section)
        if base is not None:
            found.append((name, base + value))
        else:
            found.append((name, _function(name) if name and section == _ELSEWHERE else None))
    return found


def _function(name: str) -> int:
    """Return the address of a function of the C library, such as memset."""
    try:
        function = getattr(_c_library(), name)
    except AttributeError as error:
        raise UnsupportedObjectError(f"there is no {name}") from error
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _linked(sections: list[_Section], starts: dict[int, int], size: int, addresses: list[int | None]) -> bytes:
    """Return the sections one after the other, with the addresses of symbols written into them."""
    image = bytearray(size)
    for at, start in starts.items():
        image[start : start + len(sections[at].content)] = sections[at].content
    for section in sections:
        if section.type == _RELOCATIONS and section.info in starts:
            for offset, info, addend in _RELOCATION.iter_unpack(section.content):
                address = addresses[info >> 32]
                if info & 0xFFFFFFFF != _R_X86_64_64 or address is None:
                    raise UnsupportedObjectError(f"relocation of kind {info & 0xFFFFFFFF}")
                struct.pack_into("<Q", image, starts[section.info] + offset, address + addend)
    return bytes(image)


def _memory(size: int) -> int:
    """Return the address of new memory that can be written, at the beginning of a page."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    address: int = _c_library().mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "no memory for machine code")
    return address


@cache
def _c_library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    library.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return library
