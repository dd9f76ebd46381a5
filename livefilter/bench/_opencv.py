"""The fastest OpenCV calls for a job, found by timing all that produce the same pixels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
from cv2.typing import MatLike

from livefilter.bench._jobs import Job, Run
from livefilter.frame import Pixels
from livefilter.kernels import (
    Blend,
    Correlation,
    Gradient,
    Kernel,
    Lookup,
    Operation,
    ScoreRule,
    ScoreSums,
    Unsharp,
    gaussian,
)

Call = Callable[[MatLike, MatLike, MatLike | None], MatLike]
"""Takes the current image, the chain's input and, if any, an output array; returns the next image."""

Correlated = Callable[[MatLike, int, MatLike | None], MatLike]
"""An OpenCV call for one kernel: takes the image, the depth of the result (OpenCV's constant) and an output array."""

_BORDERS = {
    "reflect_101": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "constant": cv2.BORDER_CONSTANT,
}
_TRIES = 5


class _Buffers:
    """Output arrays that OpenCV reuses in the next call, since allocating them would take a share of its time."""

    def __init__(self) -> None:
        self._arrays: dict[str, MatLike] = {}

    def __call__(self, key: str, function: Callable[..., MatLike], *arguments: object, **options: object) -> MatLike:
        self._arrays[key] = result = function(*arguments, dst=self._arrays.get(key), **options)
        return result


def fastest_opencv(job: Job, image: Pixels) -> tuple[str, Run]:
    """Return the names of the fastest OpenCV calls for a job, and a function that runs them."""
    steps: list[tuple[Call, MatLike]] = []
    names: list[str] = []
    picture: MatLike = image
    for operation in job.operations:
        name, call, picture = _fastest(operation, picture, image)
        names.append(name)
        steps.append((call, picture))
    last = len(steps) - 1
    counted = None if job.rule is None else _scores(job.rule)
    if counted is not None:
        names.append("2x filter2D, norm")

    def run(picture: Pixels, out: Pixels) -> ScoreSums | None:
        result: MatLike = picture
        for at, (call, kept) in enumerate(steps):
            result = call(result, picture, out if at == last else kept)
        return None if counted is None else counted(picture)

    return ", ".join(names), run


def _fastest(operation: Operation, picture: MatLike, original: MatLike) -> tuple[str, Call, MatLike]:
    """Return the name, the call and the result of the fastest candidate for an operation."""
    timed = []
    for name, call in _candidates(operation):
        result = call(picture, original, None)
        best = min(_seconds(call, picture, original, result) for _ in range(_TRIES))
        timed.append((best, name, call, result))
    _, name, call, result = min(timed, key=lambda candidate: candidate[0])
    return name, call, result


def _seconds(call: Call, picture: MatLike, original: MatLike, result: MatLike) -> float:
    started = time.perf_counter()
    call(picture, original, result)
    return time.perf_counter() - started


def _candidates(operation: Operation) -> Iterator[tuple[str, Call]]:
    match operation:
        case Correlation(kernel, border, absolute):
            for name, correlated in _correlations(kernel, _BORDERS[border]):
                if absolute:
                    yield f"{name}, convertScaleAbs", partial(_absolute, _Buffers(), correlated)
                else:
                    yield name, partial(_plain, correlated)
        case Gradient():
            yield from _gradients(operation)
        case Unsharp(kernel, amount, threshold, border):
            for name, correlated in _correlations(kernel, _BORDERS[border]):
                yield f"{name}, addWeighted", partial(_unsharp, _Buffers(), correlated, float(amount), threshold)
        case Lookup(table):
            levels = np.frombuffer(table, dtype=np.uint8)
            yield "LUT", lambda picture, original, out: cv2.LUT(picture, levels, dst=out)
        case Blend(weight):
            share = float(weight)
            yield (
                "addWeighted",
                lambda picture, original, out: cv2.addWeighted(original, share, picture, 1 - share, 0, dst=out),
            )


def _correlations(kernel: Kernel, border: int) -> Iterator[tuple[str, Correlated]]:
    """Yield every OpenCV function that computes a kernel."""
    weights = (kernel.integers / kernel.integer_divisor).astype(np.float32)
    delta = kernel.integer_offset / kernel.integer_divisor
    anchor = (kernel.origin[1], kernel.origin[0])
    rows, cols = kernel.shape
    yield (
        "filter2D",
        lambda image, depth, out: cv2.filter2D(
            image, depth, weights, dst=out, anchor=anchor, delta=delta, borderType=border
        ),
    )
    left, sizes, right = np.linalg.svd(kernel.integers.astype(np.float64))
    if len(sizes) == 1 or sizes[1] < 1e-9 * sizes[0]:
        column = (left[:, 0] * np.sqrt(sizes[0] / kernel.integer_divisor)).astype(np.float32)
        row = (right[0] * np.sqrt(sizes[0] / kernel.integer_divisor)).astype(np.float32)
        yield (
            "sepFilter2D",
            lambda image, depth, out: cv2.sepFilter2D(
                image, depth, row, column, dst=out, anchor=anchor, delta=delta, borderType=border
            ),
        )
        if kernel.name.startswith("gaussian"):
            exact = kernel.integers.sum(axis=0) / kernel.integer_divisor
            spread = float(np.sqrt(np.sum(exact * (np.arange(cols) - cols // 2) ** 2)))
            if kernel == gaussian(size=cols):
                spread = 0.0  # OpenCV's own table for the size; the spread of its rounded weights would give others.
            yield (
                "GaussianBlur",
                lambda image, depth, out: cv2.GaussianBlur(image, (cols, rows), spread, dst=out, borderType=border),
            )
        if len(np.unique(kernel.integers)) == 1 and kernel.integer_divisor == kernel.integers.sum():
            yield (
                "blur",
                lambda image, depth, out: cv2.blur(image, (cols, rows), dst=out, anchor=anchor, borderType=border),
            )


def _plain(correlated: Correlated, picture: MatLike, original: MatLike, out: MatLike | None) -> MatLike:
    return correlated(picture, -1, out)


def _absolute(
    keep: _Buffers, correlated: Correlated, picture: MatLike, original: MatLike, out: MatLike | None
) -> MatLike:
    signed = keep("signed", lambda dst: correlated(picture, cv2.CV_32F, dst))
    return cv2.convertScaleAbs(signed, dst=out)


def _unsharp(
    keep: _Buffers,
    correlated: Correlated,
    amount: float,
    threshold: int,
    picture: MatLike,
    original: MatLike,
    out: MatLike | None,
) -> MatLike:
    blurred = keep("blurred", lambda dst: correlated(picture, -1, dst))
    sharp = cv2.addWeighted(picture, 1 + amount, blurred, -amount, 0, dst=out)
    if threshold:
        difference = keep("difference", cv2.absdiff, picture, blurred)
        is_small = keep("small", cv2.inRange, difference, np.array(0), np.array(threshold - 1))
        cv2.copyTo(picture, is_small, sharp)
    return sharp


def _gradients(gradient: Gradient) -> Iterator[tuple[str, Call]]:
    """Yield the candidates for a gradient: in 16 bits if the kernels are whole, Sobel's own calls if they fit."""
    border = _BORDERS[gradient.border]
    whole = gradient.x.integer_divisor == gradient.y.integer_divisor == 1
    depth = cv2.CV_16S if whole and gradient.norm != "l2" else cv2.CV_32F
    x, y = ((kernel.integers / kernel.integer_divisor).astype(np.float32) for kernel in (gradient.x, gradient.y))

    def candidate(parts: Callable[[_Buffers, MatLike], tuple[MatLike, MatLike]]) -> Call:
        keep = _Buffers()
        return lambda picture, original, out: _length(keep, *parts(keep, picture), gradient.norm, out)

    def filtered(keep: _Buffers, picture: MatLike) -> tuple[MatLike, MatLike]:
        return (
            keep("x", cv2.filter2D, picture, depth, x, borderType=border),
            keep("y", cv2.filter2D, picture, depth, y, borderType=border),
        )

    yield "2x filter2D, norm", candidate(filtered)
    sobel_x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    gain = x[1, 2] / 2 if x.shape == (3, 3) else 0.0
    if gain and np.allclose(x, gain * sobel_x) and np.allclose(y, gain * sobel_x.T):

        def sobel(keep: _Buffers, picture: MatLike) -> tuple[MatLike, MatLike]:
            return (
                keep("x", cv2.Sobel, picture, depth, 1, 0, scale=gain, borderType=border),
                keep("y", cv2.Sobel, picture, depth, 0, 1, scale=gain, borderType=border),
            )

        yield "2x Sobel, norm", candidate(sobel)
        if depth == cv2.CV_16S and gain == 1 and gradient.border in ("reflect_101", "replicate"):
            held: list[MatLike | None] = [None, None]

            def both(keep: _Buffers, picture: MatLike) -> tuple[MatLike, MatLike]:
                x, y = held[:] = cv2.spatialGradient(picture, held[0], held[1], borderType=border)
                return x, y

            yield "spatialGradient, norm", candidate(both)


def _length(keep: _Buffers, x: MatLike, y: MatLike, norm: str, out: MatLike | None) -> MatLike:
    if norm == "l2":
        return cv2.convertScaleAbs(keep("length", lambda dst: cv2.magnitude(x, y, dst)), dst=out)
    # Saturating each part first changes nothing: a sum or maximum with 255 is 255.
    x, y = keep("|x|", cv2.convertScaleAbs, x), keep("|y|", cv2.convertScaleAbs, y)
    return cv2.add(x, y, dst=out) if norm == "l1" else cv2.max(x, y, dst=out)


def _scores(rule: ScoreRule) -> Callable[[MatLike], ScoreSums]:
    """Return a function that computes the counts of a rule for an image."""
    keep = _Buffers()
    rows, cols = rule.horizontal.shape
    kernels = [kernel.integers.astype(np.float32) for kernel in (rule.horizontal, rule.vertical)]

    def count(image: MatLike) -> ScoreSums:
        sums, flat = [], []
        for at, (weights, limit) in enumerate(zip(kernels, rule.limits, strict=True)):
            response = keep(f"response {at}", cv2.filter2D, image, cv2.CV_16S, weights, anchor=(0, 0))
            valid = response[: image.shape[0] - rows + 1, : image.shape[1] - cols + 1]
            sums.append(int(cv2.norm(valid, cv2.NORM_L1)))
            flat.append(keep(f"flat {at}", cv2.inRange, valid, np.array(1 - limit), np.array(limit - 1)))
        windows = int(flat[0].size)
        dense = windows - cv2.countNonZero(keep("flat", cv2.bitwise_and, *flat))
        return ScoreSums(sums[0], sums[1], dense, windows)

    return count
