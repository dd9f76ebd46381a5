"""The target of ``livefilter explain``: a preset, a named kernel, or a matrix on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from livefilter.kernels import Kernel
    from livefilter.presets import Preset

_KERNEL_PREFIX = "kernel:"


def resolve_target(subject: str, step: int | None) -> Preset:
    """Return the preset that the argument names; a kernel becomes a preset of one step.

    Raises:
        PresetError: There is no such preset or kernel, or the preset is invalid.
        KernelError: The matrix is not a valid kernel.
    """
    from livefilter.errors import PresetError
    from livefilter.presets import STEPS, Preset, list_presets, load_preset

    kernel = parse_kernel(subject.removeprefix(_KERNEL_PREFIX))
    is_preset = not subject.startswith((_KERNEL_PREFIX, "["))
    if is_preset and (subject in list_presets() or Path(subject).suffix or Path(subject).name != subject):
        if kernel is not None:
            click.echo(f"livefilter: this is the preset {subject}; {_KERNEL_PREFIX}{subject} is the kernel", err=True)
        return load_preset(subject)
    if kernel is None:
        raise PresetError(f"unknown preset or kernel {subject!r}{_suggestion(subject)}")
    if step not in (None, 1):
        raise click.BadParameter("a kernel has one step", param_hint="--step")
    settings = STEPS["kernel"].model_validate({"weights": kernel.weights.tolist(), "divisor": kernel.divisor})
    return Preset.model_validate({"name": kernel.name, "steps": (settings,)})


def _named_kernels() -> dict[str, Kernel]:
    from livefilter import kernels

    operators = {
        operator + ending: kernels.derivative(operator, axis)
        for operator in ("sobel", "scharr", "prewitt")
        for ending, axis in (("", 1), ("-rows", 0))
    }
    return {
        **operators,
        "laplacian": kernels.laplacian(4),
        "laplacian-8": kernels.laplacian(8),
        "sharpen": kernels.sharpen(),
        "emboss": kernels.emboss(),
        "horizontal-edge": kernels.HORIZONTAL_EDGE,
        "vertical-edge": kernels.VERTICAL_EDGE,
    }


def parse_kernel(text: str) -> Kernel | None:
    """Return the kernel that a text names or spells out; None if it does neither.

    Raises:
        KernelError: The text is a matrix, but not a valid kernel.
    """
    from livefilter import kernels
    from livefilter.errors import KernelError

    if text.startswith("["):
        try:
            weights = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise KernelError(
                f"weights: must be rows of numbers such as [[0, 1], [1, 0]], found {text[:60]}"
            ) from error
        return kernels.Kernel(weights, name="custom kernel")
    if match := re.fullmatch(r"(box|gaussian)-(\d{1,4})", text):
        size = int(match[2])
        return kernels.box(size) if match[1] == "box" else kernels.gaussian(size=size)
    return _named_kernels().get(text)


def _suggestion(subject: str) -> str:
    from difflib import get_close_matches

    from livefilter.presets import list_presets

    known = [*list_presets(), *_named_kernels(), "box-3", "gaussian-5"]
    near = get_close_matches(subject.removeprefix(_KERNEL_PREFIX), known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"; {hint}presets: {', '.join(list_presets())}; kernels: {', '.join(_named_kernels())}, box-N, gaussian-N"
