"""Competitors besides OpenCV: SciPy, Pillow and pyvips, if installed, for the jobs that they can do.

Each runs on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec

import numpy as np

from livefilter.bench._jobs import Job, Run
from livefilter.frame import Pixels
from livefilter.kernels import Correlation, Kernel

Competitors = Callable[[Job, Pixels], Iterable[tuple[str, Run]]]
"""Takes a job and an image, and yields the name and the function of each competitor that can do it."""


def installed_competitors(job: Job, image: Pixels) -> Iterator[tuple[str, Run]]:
    """Yield each installed competitor that can do a job: its name and a function."""
    makers: dict[str, Callable[[Kernel, Pixels], Run | None]] = {
        "pyvips": _pyvips,
        "PIL": _pillow,
        "scipy": _scipy,
    }
    match job.operations:
        case [Correlation(kernel, "reflect_101", False)] if job.rule is None:
            for package, maker in makers.items():
                if find_spec(package) is not None and (run := maker(kernel, image)) is not None:
                    yield {"PIL": "Pillow", "scipy": "SciPy"}.get(package, package), run


def _scipy(kernel: Kernel, image: Pixels) -> Run:
    from scipy import ndimage

    weights = kernel.integers / kernel.integer_divisor

    def run(picture: Pixels, out: Pixels) -> None:
        result = ndimage.correlate(picture, weights, output=np.float64, mode="mirror")
        np.copyto(out, np.rint(result + kernel.integer_offset / kernel.integer_divisor).clip(0, 255).astype(np.uint8))

    return run


def _pillow(kernel: Kernel, image: Pixels) -> Run | None:
    """Return Pillow's convolution, which has only 3x3 and 5x5 kernels and leaves the border unfiltered."""
    if kernel.shape not in ((3, 3), (5, 5)):
        return None
    from PIL import Image, ImageFilter

    weights = kernel.integers[::-1].ravel().tolist()
    pillow_kernel = ImageFilter.Kernel(
        kernel.shape, weights, kernel.integer_divisor, kernel.integer_offset / kernel.integer_divisor
    )
    opened = Image.fromarray(image)

    def run(picture: Pixels, out: Pixels) -> None:
        np.copyto(out, np.asarray(opened.filter(pillow_kernel)))

    return run


def _pyvips(kernel: Kernel, image: Pixels) -> Run:
    """Return pyvips' convolution in integers or, for kernels that it only approximates there, in float."""
    import pyvips

    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)
    scale, offset = kernel.integer_divisor, kernel.integer_offset / kernel.integer_divisor
    mask = pyvips.Image.new_from_array(kernel.integers.tolist(), scale=scale, offset=offset)

    def in_integers(picture: Pixels, out: Pixels) -> None:
        np.copyto(out, pyvips.Image.new_from_array(picture).conv(mask, precision="integer").cast("uchar").numpy())

    def in_float(picture: Pixels, out: Pixels) -> None:
        result = pyvips.Image.new_from_array(picture).conv(mask, precision="float")
        np.copyto(out, result.rint().cast("uchar").numpy())

    quick, exact = np.empty_like(image), np.empty_like(image)
    in_integers(image, quick)
    in_float(image, exact)
    return in_integers if np.abs(quick.astype(np.int16) - exact).max() <= 1 else in_float
