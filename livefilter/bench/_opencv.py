"""The fastest way that OpenCV has to the same pixels, found by trying every call that gives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
from cv2.typing import MatLike

from livefilter.bench._jobs import Job, Run
from livefilter.frame import Pixels
from livefilter.kernels import Blend, Correlation, Gradient, Kernel, Lookup, Operation, ScoreRule, Unsharp, gaussian

Call = Callable[[MatLike, MatLike], MatLike]
"""Takes the picture so far and the chain's input, gives the next picture."""

Correlated = Callable[[MatLike, int], MatLike]
"""An OpenCV call for one kernel: takes the picture and the depth of the result, as OpenCV names it."""

_BORDERS = {
    "reflect_101": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "constant": cv2.BORDER_CONSTANT,
}
_TRIES = 5


def opencv(job: Job, image: Pixels) -> tuple[str, Run]:
    """Return what the fastest OpenCV calls for a job are called, and a function that makes them."""
    calls: list[Call] = []
    names: list[str] = []
    picture: MatLike = image
    for operation in job.operations:
        name, call, picture = _fastest(operation, picture, image)
        names.append(name)
        calls.append(call)
    if job.rule is not None:
        names.append("2x filter2D, norm")

    def run(picture: Pixels, out: Pixels) -> None:
        result: MatLike = picture
        for call in calls:
            result = call(result, picture)
        if calls:
            np.copyto(out, result)
        if job.rule is not None:
            _scores(picture, job.rule)

    return ", ".join(names), run


def _fastest(operation: Operation, picture: MatLike, original: MatLike) -> tuple[str, Call, MatLike]:
    """Return the name and the call with the least time of several tries, and its picture."""
    timed = []
    for name, call in _ways(operation):
        result = call(picture, original)
        best = min(_seconds(call, picture, original) for _ in range(_TRIES))
        timed.append((best, name, call, result))
    _, name, call, result = min(timed, key=lambda way: way[0])
    return name, call, result


def _seconds(call: Call, picture: MatLike, original: MatLike) -> float:
    started = time.perf_counter()
    call(picture, original)
    return time.perf_counter() - started


def _ways(operation: Operation) -> Iterator[tuple[str, Call]]:
    match operation:
        case Correlation(kernel, border, absolute):
            for name, correlated in _correlations(kernel, _BORDERS[border]):
                if absolute:
                    yield f"{name}, convertScaleAbs", partial(_absolute, correlated)
                else:
                    yield name, partial(_plain, correlated)
        case Gradient():
            yield from _gradients(operation)
        case Unsharp(kernel, amount, threshold, border):
            for name, correlated in _correlations(kernel, _BORDERS[border]):
                yield f"{name}, addWeighted", partial(_unsharp, correlated, float(amount), threshold)
        case Lookup(table):
            levels = np.frombuffer(table, dtype=np.uint8)
            yield "LUT", lambda picture, original: cv2.LUT(picture, levels)
        case Blend(weight):
            share = float(weight)
            yield "addWeighted", lambda picture, original: cv2.addWeighted(original, share, picture, 1 - share, 0)


def _correlations(kernel: Kernel, border: int) -> Iterator[tuple[str, Correlated]]:
    """Yield every OpenCV function that computes a kernel."""
    weights = (kernel.integers / kernel.integer_divisor).astype(np.float32)
    delta = kernel.integer_offset / kernel.integer_divisor
    anchor = (kernel.origin[1], kernel.origin[0])
    rows, cols = kernel.shape
    yield (
        "filter2D",
        lambda image, depth: cv2.filter2D(image, depth, weights, anchor=anchor, delta=delta, borderType=border),
    )
    left, sizes, right = np.linalg.svd(kernel.integers.astype(np.float64))
    if len(sizes) == 1 or sizes[1] < 1e-9 * sizes[0]:
        column = (left[:, 0] * np.sqrt(sizes[0] / kernel.integer_divisor)).astype(np.float32)
        row = (right[0] * np.sqrt(sizes[0] / kernel.integer_divisor)).astype(np.float32)
        yield (
            "sepFilter2D",
            lambda image, depth: cv2.sepFilter2D(
                image, depth, row, column, anchor=anchor, delta=delta, borderType=border
            ),
        )
        if kernel.name.startswith("gaussian"):
            exact = kernel.integers.sum(axis=0) / kernel.integer_divisor
            spread = float(np.sqrt(np.sum(exact * (np.arange(cols) - cols // 2) ** 2)))
            if kernel == gaussian(size=cols):
                spread = 0.0  # OpenCV's own table for the size; the spread of its rounded weights would give others.
            yield "GaussianBlur", lambda image, depth: cv2.GaussianBlur(image, (cols, rows), spread, borderType=border)
        if len(np.unique(kernel.integers)) == 1 and kernel.integer_divisor == kernel.integers.sum():
            yield "blur", lambda image, depth: cv2.blur(image, (cols, rows), anchor=anchor, borderType=border)


def _plain(correlated: Correlated, picture: MatLike, original: MatLike) -> MatLike:
    return correlated(picture, -1)


def _absolute(correlated: Correlated, picture: MatLike, original: MatLike) -> MatLike:
    return cv2.convertScaleAbs(correlated(picture, cv2.CV_32F))


def _unsharp(correlated: Correlated, amount: float, threshold: int, picture: MatLike, original: MatLike) -> MatLike:
    blurred = correlated(picture, -1)
    sharp = cv2.addWeighted(picture, 1 + amount, blurred, -amount, 0)
    if threshold:
        cv2.copyTo(picture, cv2.inRange(cv2.absdiff(picture, blurred), np.array(0), np.array(threshold - 1)), sharp)
    return sharp


def _gradients(gradient: Gradient) -> Iterator[tuple[str, Call]]:
    """Yield the ways to a gradient: in 16 bits where the kernels are whole, with Sobel's own calls where they fit."""
    border = _BORDERS[gradient.border]
    whole = gradient.x.integer_divisor == gradient.y.integer_divisor == 1
    depth = cv2.CV_16S if whole and gradient.norm != "l2" else cv2.CV_32F
    x, y = ((kernel.integers / kernel.integer_divisor).astype(np.float32) for kernel in (gradient.x, gradient.y))

    def filtered(picture: MatLike) -> tuple[MatLike, MatLike]:
        return cv2.filter2D(picture, depth, x, borderType=border), cv2.filter2D(picture, depth, y, borderType=border)

    yield "2x filter2D, norm", lambda picture, original: _length(*filtered(picture), gradient.norm)
    sobel_x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    gain = x[1, 2] / 2 if x.shape == (3, 3) else 0.0
    if gain and np.allclose(x, gain * sobel_x) and np.allclose(y, gain * sobel_x.T):

        def sobel(picture: MatLike) -> tuple[MatLike, MatLike]:
            return (
                cv2.Sobel(picture, depth, 1, 0, scale=gain, borderType=border),
                cv2.Sobel(picture, depth, 0, 1, scale=gain, borderType=border),
            )

        yield "2x Sobel, norm", lambda picture, original: _length(*sobel(picture), gradient.norm)
        if depth == cv2.CV_16S and gain == 1 and gradient.border in ("reflect_101", "replicate"):
            yield (
                "spatialGradient, norm",
                lambda picture, original: _length(*cv2.spatialGradient(picture, borderType=border), gradient.norm),
            )


def _length(x: MatLike, y: MatLike, norm: str) -> MatLike:
    if norm == "l2":
        return cv2.convertScaleAbs(cv2.magnitude(x, y))
    # Saturating each part first changes nothing: a sum, or a maximum, with a part of 255 is 255.
    x, y = cv2.convertScaleAbs(x), cv2.convertScaleAbs(y)
    return cv2.add(x, y) if norm == "l1" else cv2.max(x, y)


def _scores(image: MatLike, rule: ScoreRule) -> tuple[float, float, int]:
    """Return the sums that a rule asks for: of both absolute responses, and the dense windows."""
    rows, cols = rule.horizontal.shape
    responses = []
    for kernel, limit in zip((rule.horizontal, rule.vertical), rule.limits, strict=True):
        response = cv2.filter2D(image, cv2.CV_16S, kernel.integers.astype(np.float32), anchor=(0, 0))
        valid = response[: image.shape[0] - rows + 1, : image.shape[1] - cols + 1]
        dense = cv2.inRange(valid, np.array(1 - limit), np.array(limit - 1))
        responses.append((cv2.norm(valid, cv2.NORM_L1), dense))
    (horizontal, flat_rows), (vertical, flat_cols) = responses
    flat = cv2.countNonZero(cv2.bitwise_and(flat_rows, flat_cols))
    return horizontal, vertical, flat_rows.size - flat
