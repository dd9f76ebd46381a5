"""A loader for object files of Linux on x86-64, without LLVM.

LLVM takes 50 MB of a process, only to load one function of some 30 KB. The object file of such a function needs little:
a few sections placed one after the other, and relocations (System V ABI, chapter 4, and its AMD64 supplement). The
loader refuses any other object file, and LLVM loads it.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_IDENT = b"\x7fELF\x02\x01\x01"
"""64 bits, little-endian, version 1."""
_ET_REL, _EM_X86_64 = 1, 62
"""File type "relocatable", and machine."""
_SHT_PROGBITS, _SHT_SYMTAB, _SHT_RELA = 1, 2, 4
"""Types of sections: content, symbols, relocations."""
_SHF_WRITE, _SHF_ALLOC = 1, 2
"""Flags of sections: writable, part of the loaded image."""
_SHN_UNDEF = 0
"""Section index of symbols that another file defines."""
_R_X86_64_64 = 1
"""The only relocation in LLVM's large code model: the address of a symbol plus an addend, in 64 bits."""


class UnsupportedObjectError(Exception):
    """An object file that only LLVM can load."""


@dataclass(frozen=True, slots=True)
class _Section:
    type: int
    is_loaded: bool
    content: bytes
    link: int
    info: int
    alignment: int


def load_elf(content: bytes, symbol: str, *, mprotect: Callable[[int, int, int], int] | None = None) -> int:
    """Load an object file until the process ends, and return the address of a function in it.

    Args:
        content: Bytes of the file.
        symbol: Name of the function.
        mprotect: Makes the memory executable; returns 0 [default: the C library's].

    Raises:
        UnsupportedObjectError: The file is not one that LLVM writes for a generated function on this system.
        OSError: There is no memory for it, or the system forbids new machine code.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise UnsupportedObjectError("this system is not Linux on x86-64")
    try:
        sections = _read_sections(content)
        starts, size = _lay_out(sections)
        memory = _allocate(size)
        symbols = _resolve_symbols(sections, {at: memory + start for at, start in starts.items()})
        image = _link(sections, starts, size, [address for _, address in symbols])
        address = dict(symbols)[symbol]
    except (struct.error, LookupError, ValueError) as error:
        raise UnsupportedObjectError(f"incomplete object file: {error!r}") from error
    if address is None:
        raise UnsupportedObjectError(f"the object file does not define {symbol}")
    ctypes.memmove(memory, image, size)
    if (mprotect or _c_library().mprotect)(memory, size, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "this system forbids new machine code")
    return address


def _read_sections(content: bytes) -> list[_Section]:
    start, kind, machine, _, _, _, table, _, _, _, _, size, count, _ = _HEADER.unpack_from(content)
    if not start.startswith(_IDENT) or (kind, machine) != (_ET_REL, _EM_X86_64):
        raise UnsupportedObjectError("not a relocatable ELF file for x86-64")
    sections = []
    for at in range(count):
        _, kind, flags, _, offset, length, link, info, alignment, _ = _SECTION.unpack_from(content, table + at * size)
        is_loaded = bool(flags & _SHF_ALLOC and length)
        if is_loaded and (kind != _SHT_PROGBITS or flags & _SHF_WRITE):
            raise UnsupportedObjectError(f"section {at} is neither code nor constants")
        sections.append(_Section(kind, is_loaded, content[offset : offset + length], link, info, max(alignment, 1)))
    return sections


def _lay_out(sections: list[_Section]) -> tuple[dict[int, int], int]:
    """Return the offsets of the sections to load in their image, and its size in bytes."""
    starts, size = {}, 0
    for at, section in enumerate(sections):
        if section.is_loaded:
            starts[at] = size + -size % section.alignment
            size = starts[at] + len(section.content)
    return starts, size


def _resolve_symbols(sections: list[_Section], bases: dict[int, int]) -> list[tuple[str, int | None]]:
    """Return names and addresses of all symbols, in order; None as address of a symbol that is not loaded."""
    (table,) = (section for section in sections if section.type == _SHT_SYMTAB)
    names = sections[table.link].content
    symbols: list[tuple[str, int | None]] = []
    for start, _, _, section, value, _ in _SYMBOL.iter_unpack(table.content):
        name = names[start : names.index(b"\0", start)].decode("ascii")
        base = bases.get(section)
        if base is not None:
            symbols.append((name, base + value))
        else:
            symbols.append((name, _find_function(name) if name and section == _SHN_UNDEF else None))
    return symbols


def _find_function(name: str) -> int:
    """Return the address of a function of the C library, such as memset."""
    try:
        function = getattr(_c_library(), name)
    except AttributeError as error:
        raise UnsupportedObjectError(f"the C library has no {name}") from error
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _link(sections: list[_Section], starts: dict[int, int], size: int, addresses: list[int | None]) -> bytes:
    """Return the image: the sections one after the other, relocated."""
    image = bytearray(size)
    for at, start in starts.items():
        image[start : start + len(sections[at].content)] = sections[at].content
    for section in sections:
        if section.type == _SHT_RELA and section.info in starts:
            for offset, info, addend in _RELOCATION.iter_unpack(section.content):
                address = addresses[info >> 32]
                if info & 0xFFFFFFFF != _R_X86_64_64 or address is None:
                    raise UnsupportedObjectError(f"relocation of type {info & 0xFFFFFFFF}")
                struct.pack_into("<Q", image, starts[section.info] + offset, address + addend)
    return bytes(image)


def _allocate(size: int) -> int:
    """Return the address of new writable memory, at the beginning of a page."""
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
