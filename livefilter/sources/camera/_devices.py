"""Which cameras there are, what they offer, and why one cannot be had."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TypeVar

from livefilter.errors import SourceError
from livefilter.sources.camera._v4l2 import Ioctl, Mode, describe, stride_padding

_DEVICES = Path("/dev")
_PROCESSES = Path("/proc")
_TRIED = range(10)
_WAIT_S = 6.0
_LISTED = "'livefilter devices' lists cameras"
Answer = TypeVar("Answer")
_TRY = """
import sys
from livefilter.errors import SourceError
from livefilter.sources import open_source
try:
    with open_source(f"camera:{sys.argv[1]}") as camera:
        rows, cols = camera.facts.shape
        print(f"{cols} x {rows} at {float(camera.facts.rate):g} fps")
except SourceError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
"""
_REFUSED = 3
_UNPLUG = "unplug it, and plug it in again"


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera that could be opened.

    Attributes:
        index: What opens it: ``camera:INDEX``.
        name: Its own name.
        path: Of its device, or what the system calls it; empty if that is not known.
        about: Driver and bus, or its picture as it opens, in words.
        modes: The formats, sizes and rates that it offers; empty where the system does not tell.
        problem: Why it cannot be asked or opened, in words; None if it can.
    """

    index: int
    name: str
    path: str
    about: str
    modes: tuple[Mode, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """What came of opening a camera.

    Attributes:
        about: Its picture as it opens, in words; empty if it did not.
        problem: Why it did not open, and what to do; None if it did.
    """

    about: str
    problem: str | None


def list_cameras() -> list[CameraFacts]:
    """Return the cameras of this machine.

    On Linux the drivers are asked, and no camera is opened for pictures. Elsewhere names come from the package
    cv2-enumerate-cameras if it is installed (``pip install 'livefilter[devices]'``), and each camera is tried for a few
    seconds.
    """
    return list(_asked() if sys.platform == "linux" else _tried())


def camera_index(device: int | str, name: str) -> int:
    """Return the index of a device; a path is looked up anew each time, since a camera plugged in again may move.

    Args:
        device: An index, or a path such as /dev/video0 or one of the links in /dev/v4l/by-id.
        name: What a message calls it.

    Raises:
        SourceError: There is no such device, or it may not be used.
    """
    if isinstance(device, int):
        index = device
    else:
        found = re.fullmatch(r"video(\d+)", Path(os.path.realpath(device)).name)
        if found is None:
            raise SourceError(f"{name}: there is no such camera; 'livefilter devices' lists them")
        index = int(found[1])
    path = _DEVICES / f"video{index}"
    if sys.platform == "linux":
        if not path.exists():
            raise SourceError(
                f"{name}: there is none ({path} does not exist); plug it in; 'livefilter devices' lists them"
            )
        if not os.access(path, os.R_OK | os.W_OK):
            raise SourceError(
                f"{name}: no permission for {path}; sudo usermod -aG {group(path)} $USER, then log in again"
            )
    return index


def exists(device: int | str) -> bool:
    """Return whether it would be of any use to open a camera; True where the system does not tell."""
    path = _DEVICES / f"video{device}" if isinstance(device, int) else device
    return sys.platform != "linux" or os.access(path, os.R_OK | os.W_OK)


def modes_of(index: int, name: str) -> tuple[Mode, ...]:
    """Return what a camera offers; nothing where the system does not tell.

    Args:
        index: Of a device that is there.
        name: What a message calls it.

    Raises:
        SourceError: It cannot be opened, or gives no pictures.
    """
    if sys.platform != "linux":
        return ()
    path = _DEVICES / f"video{index}"
    try:
        told = _ask(path, describe)
    except _NotOpened as error:
        raise SourceError(f"{name}: {open_failure_reason(index, error.strerror or str(error))}") from error
    except OSError:
        return ()  # Some other kind of device: the backend knows it, or says what is wrong.
    if told is None:
        raise SourceError(
            f"{name}: {path} gives no pictures: it is the second device of another camera, or a virtual one that "
            f"nothing feeds; {_LISTED}"
        )
    return told.modes


def notes_on_rows(index: int) -> tuple[str, ...]:
    """Say so if the pictures that an open camera sends have gaps between their rows: OpenCV does not know any."""
    if sys.platform != "linux":
        return ()
    try:
        padding = _ask(_DEVICES / f"video{index}", stride_padding)
    except OSError:
        return ()  # It does not tell.
    said = f"puts {padding} bytes after each row, which OpenCV takes for pixels: try another size, or the format MJPG"
    return (said,) if padding else ()


def open_failure_reason(index: int, problem: str = "") -> str:
    """Return why a camera that is there does not open, as far as this can be told.

    Args:
        index: Of the device.
        problem: What the system says of it.
    """
    users = _users(_DEVICES / f"video{index}") if sys.platform == "linux" else []
    if users:
        return f"cannot be opened; it is in use by {', '.join(users)}; close that first"
    if problem:
        return f"cannot be opened: {problem}; {_LISTED}"
    return f"cannot be opened; is it plugged in, free, and allowed to be used? {_LISTED}"


def disconnect_reason(index: int) -> str | None:
    """Return why an open camera failed, if that can be seen: it was unplugged."""
    path = _DEVICES / f"video{index}"
    return f"unplugged ({path} is gone)" if sys.platform == "linux" and not path.exists() else None


def probe_cameras(indices: Sequence[int]) -> dict[int, OpenAttempt]:
    """Open cameras, all at once and for a few seconds, each in a process of its own: opening can hang, or crash."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    trials = {
        index: subprocess.Popen(
            [sys.executable, "-c", _TRY, str(index)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for index in indices
    }
    deadline_s, found = time.monotonic() + _WAIT_S, {}
    for index, trial in trials.items():
        try:
            about, said = trial.communicate(timeout=max(0.1, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            trial.kill()
            trial.communicate()
            found[index] = OpenAttempt("", f"does not open within {_WAIT_S:g} s; {_UNPLUG}")
        else:
            why = said.strip() if trial.returncode == _REFUSED else f"whoever opens it crashes; {_UNPLUG}"
            found[index] = OpenAttempt(
                about.strip(), why.removeprefix(f"camera {index}: ") if trial.returncode else None
            )
    return found


def group(path: Path) -> str:
    """Return the group that owns a device."""
    import grp

    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except KeyError:
        return "video"


class _NotOpened(OSError):
    """The system does not open a device."""


def _ask(path: Path, question: Callable[[int, Ioctl], Answer]) -> Answer:
    """Open a device, on Linux, and ask it something."""
    import fcntl

    try:
        # Not blocking: the kernel's own way to ask a device that is in use.
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise _NotOpened(error.errno, error.strerror) from error
    try:
        return question(descriptor, lambda *arguments: fcntl.ioctl(*arguments))
    finally:
        os.close(descriptor)


def _asked() -> Iterator[CameraFacts]:
    """Yield what Linux tells."""
    paths = {int(path.name[5:]): path for path in _DEVICES.glob("video*") if path.name[5:].isdecimal()}
    links = {os.path.realpath(link): link for link in sorted(glob(str(_DEVICES / "v4l/by-id/*")))}
    for index, path in sorted(paths.items()):
        shown = links.get(os.path.realpath(path), str(path))
        try:
            told = _ask(path, describe)
        except _NotOpened as error:
            cure = f"; sudo usermod -aG {group(path)} $USER, then log in again" * (error.errno == errno.EACCES)
            yield CameraFacts(index, path.name, str(path), "", problem=f"{error.strerror}{cure}")
        except OSError as error:
            yield CameraFacts(index, path.name, str(path), "", problem=f"does not answer: {error.strerror}")
        else:
            if told is not None:
                yield CameraFacts(index, told.name, shown, f"{told.driver}, {told.bus}", told.modes)


def _tried() -> Iterator[CameraFacts]:
    """Yield the cameras that open, or that the system names."""
    named = _named()
    for index, tried in probe_cameras(sorted(named) or _TRIED).items():
        if tried.about or index in named:
            name, path = named.get(index, (f"camera {index}", ""))
            yield CameraFacts(index, name, path, tried.about, problem=tried.problem)


def _named() -> dict[int, tuple[str, str]]:
    """Return names and paths of cameras by index, where a library tells them."""
    try:
        from cv2_enumerate_cameras import enumerate_cameras, supported_backends
    except ImportError:
        return {}
    import cv2

    # Each backend counts cameras in an order of its own; OpenCV takes the first of its backends.
    backends = [int(one) for one in cv2.videoio_registry.getCameraBackends() if one in supported_backends]
    found = enumerate_cameras(backends[0]) if backends else []
    return {camera.index: (str(camera.name), str(camera.path or "")) for camera in found}


def _users(path: Path) -> list[str]:
    """Return the programs that have a device open, as far as this user may see."""
    users = set()
    for link in _PROCESSES.glob("[0-9]*/fd/*"):
        try:
            if link.parts[-3] != str(os.getpid()) and os.readlink(link) == str(path):
                program = (link.parents[1] / "comm").read_text(encoding="utf-8", errors="replace").strip()
                users.add(f"{program} (process {link.parts[-3]})")
        except OSError:
            continue  # It has closed it, or is another user's.
    return sorted(users)
