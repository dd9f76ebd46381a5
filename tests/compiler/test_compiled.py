"""Machine code gives the reference's bytes: one chain for each strategy, lane type and final step, on many frames."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import re
import tracemalloc
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from livefilter import Filter, correlate, kernels, load_preset
from livefilter.compiler import Chain, assembly_summary
from livefilter.compiler.native import llvm_ir
from livefilter.frame import Pixels
from livefilter.kernels import (
    Blend,
    Correlation,
    Gradient,
    Kernel,
    Lookup,
    Operation,
    ScoreRule,
    Unsharp,
    box,
    gaussian,
    reference,
    sobel,
)

pytestmark = [pytest.mark.jit, pytest.mark.usefixtures("_many_tiles")]
RNG = np.random.default_rng(11)
INVERT = Lookup(bytes(range(255, -1, -1)))

BITS = [[64, 32, 16, 8, 4, 2, 1]]
"""On random pixels it gives every integer, so lengths fall on and beside half levels, where rounding matters."""

CHAINS: dict[str, tuple[Operation, ...]] = {
    "nothing": (),
    "point operations only": (INVERT, Blend(Fraction(1, 3))),
    "direct int16": (Correlation(Kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])),),
    "direct uint16, divided": (Correlation(Kernel([[1, 2], [3, 4]], divisor=10), "wrap"),),
    "direct int32, several loops": (Correlation(Kernel(RNG.integers(-40, 41, (9, 8)), divisor=333), "constant"),),
    "direct with weights beyond 16 bits": (Correlation(Kernel([[0.123456, -7.5], [1e-3, 6]]), "reflect", True),),
    "separable uint16": (Correlation(gaussian(size=5)),),
    "separable float32": (Correlation(gaussian(size=9), "replicate"),),
    "separable int32": (
        Correlation(Kernel(np.outer(RNG.integers(90, 200, 5), RNG.integers(90, 200, 5)), divisor=7**7)),
    ),
    "running box uint16": (Correlation(box(15)),),
    "running box int32": (Correlation(box(20, 31), "reflect"),),
    "coefficient table": (Correlation(Kernel(RNG.uniform(-1, 1, (17, 16)))),),
    "l1": (Correlation(gaussian(size=3)), Gradient(sobel(1), sobel(0)), Lookup(RNG.bytes(256))),
    "l2, odd divisor": (Gradient(Kernel(sobel(1).weights, divisor=3), Kernel(sobel(0).weights, divisor=3), "l2"),),
    "l2, corrected by whole numbers": (
        Gradient(Kernel(BITS, divisor=77), Kernel(np.array(BITS).T, divisor=77), "l2", "constant"),
    ),
    "l2, half levels to even": (Gradient(Kernel(BITS, divisor=90), Kernel([[0]]), "l2"),),
    "l2, large": (Gradient(Kernel(sobel(1).weights, divisor=1e-5), Kernel([[1, -1]], divisor=1e-5), "l2"),),
    "max, unlike kernels": (Gradient(Kernel([[1], [-1]]), Kernel([[2.0, 0.0, -2.5]]), "max", "wrap"),),
    "unsharp": (Unsharp(gaussian(size=7), Fraction(4, 5), 2),),
    "unsharp, wide": (Unsharp(box(3), Fraction(-999, 1000)), Correlation(box(2), "wrap"), Blend(Fraction(100, 301))),
}
RULES = {
    "l1": ScoreRule(),
    "nothing": ScoreRule(Kernel([[3000, 1], [-1, 0]]), Kernel([[1, -1], [2, -2000]]), Fraction(1, 4)),
    "unsharp": ScoreRule(sobel(0), sobel(1)),
}
SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (23, 40), (31, 67), (40, 133), (1, 256), (40, 256), (21, 257), (33, 330)]


@cache
def _chain(name: str, threads: int) -> Chain:
    return Chain(CHAINS[name], RULES.get(name), threads=threads)


@cache
def _references(name: str) -> list[tuple[Pixels, Pixels, object]]:
    """Return images of every shape, and the pixels and the sums that the reference computes for them."""
    rule = RULES.get(name)
    made: list[tuple[Pixels, Pixels, object]] = []
    for seed, shape in enumerate(SHAPES):
        rng = np.random.default_rng(seed)
        for image in (
            rng.integers(0, 256, shape, dtype=np.uint8),
            rng.choice(np.array([0, 255], dtype=np.uint8), shape),
            np.full(shape, 255, dtype=np.uint8),
        ):
            image.flags.writeable = False
            sums = None if rule is None else reference.score_sums(image, rule)
            made.append((image, reference.apply_all(CHAINS[name], image), sums))
    return made


@pytest.mark.parametrize("threads", [1, 3, 8])
@pytest.mark.parametrize("name", CHAINS)
def test_machine_code_is_the_reference(name: str, threads: int) -> None:
    """Any size, any content, any number of tiles."""
    chain = _chain(name, threads)
    for image, expected, expected_sums in _references(name):
        out = np.full_like(image, 77)
        sums = chain(image, out)
        assert np.array_equal(out, expected), (image.shape, np.argwhere(out != expected)[:3])
        assert expected_sums is None or sums == expected_sums


@pytest.mark.parametrize("name", ["l2, corrected by whole numbers", "l2, half levels to even"])
def test_lengths_that_float32_cannot_round_are_corrected(name: str) -> None:
    """These chains use the corrected length, and 200,000 lengths are exact."""
    chain = _chain(name, 1)
    assert "ge(shl(" in chain.source or "ge(squares" in chain.source
    image = RNG.integers(0, 256, (400, 500), dtype=np.uint8)
    out = np.empty_like(image)
    chain(image, out)
    assert np.array_equal(out, reference.apply_all(CHAINS[name], image))


def test_a_score_that_flushes_its_counters_many_times_is_exact() -> None:
    """More rows than 16-bit counters hold, each of them with the strongest edges."""
    image = np.tile(np.array([[0, 255], [255, 0], [255, 255]], dtype=np.uint8), (200, 9))
    rule = ScoreRule()
    assert Chain((), rule, threads=2)(image, np.empty_like(image)) == reference.score_sums(image, rule)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("mode", ["same", "valid"])
def test_correlate_gives_every_dtype_and_mode(dtype: type[np.generic], mode: str) -> None:
    """Machine code gives the reference's results."""
    kernel = Kernel([[1.0, -200, 3], [4, 5.5, -600]], divisor=3, offset=2)
    image = RNG.integers(0, 256, (13, 18), dtype=np.uint8)
    expected = reference.correlate(image, kernel, mode=mode, dtype=dtype)  # type: ignore[arg-type]
    found = correlate(image, kernel, mode=mode, dtype=dtype)  # type: ignore[arg-type]
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_a_filter_is_prepared_in_the_background() -> None:
    """``prepare`` returns at once; its future is done when the Filter is ready."""
    filter_ = Filter("sharpen")
    assert not filter_.is_ready
    filter_.prepare().result(timeout=100)
    assert filter_.is_ready


def test_a_filter_holds_little_memory() -> None:
    """At most 4 MB beyond the frames at 1920x1080; nothing grows from frame to frame."""
    chain = Chain((Correlation(gaussian(size=31)), Gradient(sobel(1), sobel(0)), INVERT), ScoreRule(), threads=2)
    image = np.zeros((1080, 1920), dtype=np.uint8)
    out = np.empty_like(image)
    chain(image, out)
    held = chain.nbytes
    assert 0 < held <= 4 << 20
    for _ in range(3):
        chain(image, out)
    assert chain.nbytes == held


def test_a_frame_costs_no_memory() -> None:
    """With ``out``, no allocation grows with the frame: a call makes a few Python objects, which are gone after it."""
    filter_ = Filter("edge", threads=2)
    image = RNG.integers(0, 256, (1080, 1920), dtype=np.uint8)
    out = np.empty_like(image)
    for _ in range(2):
        filter_(image, out)
    tracemalloc.start()
    try:
        for _ in range(3):
            filter_(image, out)
        left, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 4096
    assert most < 16384


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86-64 assembly")
@pytest.mark.parametrize("preset", ["edge", "unsharp"])
def test_inner_loops_use_packed_16_bit_lanes(preset: str) -> None:
    """The arithmetic is on vectors of 16-bit lanes; without the lane operations Numba would widen them to 64 bits."""
    summary = assembly_summary(Chain(load_preset(preset).operations).plan)  # Without the score, which has many.
    assert summary.packed_16 >= 20


@pytest.mark.parametrize("preset", ["edge", "unsharp"])
def test_the_same_source_compiles_for_arm(preset: str) -> None:
    """Nothing in it is specific to a CPU: LLVM compiles it for 64-bit ARM, with packed 16-bit lanes."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = "aarch64-unknown-linux-gnu"
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="generic")
    chain = Chain(load_preset(preset).operations, ScoreRule())
    text = llvm_ir(chain.source, "run_pass")
    text = re.sub(r'target triple = ".*"', f'target triple = "{triple}"', text)
    text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', text)
    assembly = machine.emit_assembly(llvm.parse_assembly(text))
    assert "llvm.x86" not in text
    assert len(re.findall(r"\badd\s+v\d+\.8h", assembly)) >= 20


def test_read_only_and_odd_frames_leave_the_next_row_alone() -> None:
    """Nothing is written past an odd last column: the memory after ``out`` does not change."""
    memory = np.full(5 * 7 + 64, 99, dtype=np.uint8)
    out: Pixels = memory[: 5 * 7].reshape(5, 7)
    image = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
    Chain((Correlation(kernels.emboss()),))(image, out)
    assert np.array_equal(out, reference.apply_all((Correlation(kernels.emboss()),), image))
    assert (memory[5 * 7 :] == 99).all()


def _between_guards(shape: tuple[int, int], *, is_at_end: bool) -> Pixels:
    """Return an image that begins, or ends, at a page that must not be read or written."""
    size = shape[0] * shape[1]
    span = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, span + 2 * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (start, start + mmap.PAGESIZE + span):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    offset = mmap.PAGESIZE + (span - size if is_at_end else 0)
    return np.frombuffer(memory, np.uint8, size, offset).reshape(shape)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fault must end another process than this one")
@pytest.mark.parametrize("is_at_end", [False, True])
@pytest.mark.parametrize("name", CHAINS)
def test_nothing_outside_of_frames_is_read_or_written(name: str, is_at_end: bool) -> None:
    """Not even a byte whose value does not matter: its page may not exist."""
    chain, at = _chain(name, 3), mmap.mmap(-1, 1)  # Where the child is, also when a fault ends it.
    cases = []
    for shape in SHAPES:
        image, out = (_between_guards(shape, is_at_end=is_at_end) for _ in range(2))
        image[:] = RNG.integers(0, 256, shape)
        cases.append((image, out, reference.apply_all(CHAINS[name], image)))
    child = os.fork()
    if child == 0:
        for number, (image, out, expected) in enumerate(cases):
            at[0] = number
            chain(image, out)
            if not np.array_equal(out, expected):
                os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, SHAPES[at[0]]
