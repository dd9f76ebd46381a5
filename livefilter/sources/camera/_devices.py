"""Camera enumeration, capabilities, and the diagnosis of cameras that do not open."""

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
_PROBED_INDICES = range(10)
_PROBE_TIMEOUT_S = 6.0
_SEE_DEVICES = "'livefilter devices' lists cameras"
Answer = TypeVar("Answer")
_PROBE_SCRIPT = """
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
_EXIT_SOURCE_ERROR = 3
_REPLUG = "unplug it and plug it in again"


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera of this machine.

    Attributes:
        index: Number of the camera; ``camera:INDEX`` opens it.
        name: Name that the camera reports.
        path: Path of its device, or the system's identifier; empty if unknown.
        about: Driver and bus, or the size and rate with which it opens, for people.
        modes: Formats, sizes and rates that it offers; empty if the system does not report them.
        problem: Why it cannot be queried or opened, and what to do; None if it can.
    """

    index: int
    name: str
    path: str
    about: str
    modes: tuple[Mode, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """The result of an attempt to open a camera.

    Attributes:
        about: Size and rate with which it opened, for people; empty if it did not.
        problem: Why it did not open, and what to do; None if it did.
    """

    about: str
    problem: str | None


def list_cameras() -> list[CameraFacts]:
    """Return the cameras of this machine.

    On Linux, livefilter queries the drivers and does not start any camera. On other systems it opens each camera for a
    few seconds, and gets names from the package cv2-enumerate-cameras if that is installed
    (``pip install 'livefilter[devices]'``).
    """
    return list(_linux_cameras() if sys.platform == "linux" else _probed_cameras())


def camera_index(device: int | str, name: str) -> int:
    """Return the index of a device. Paths are resolved each time: a camera that is plugged in again may move.

    Args:
        device: An index, or a path such as /dev/video0 or one of the links in /dev/v4l/by-id.
        name: Name for messages.

    Raises:
        SourceError: The device does not exist, or access is denied.
    """
    if isinstance(device, int):
        index = device
    else:
        match = re.fullmatch(r"video(\d+)", Path(os.path.realpath(device)).name)
        if match is None:
            raise SourceError(f"{name}: there is no such camera; 'livefilter devices' lists them")
        index = int(match[1])
    path = _DEVICES / f"video{index}"
    if sys.platform == "linux":
        if not path.exists():
            raise SourceError(f"{name}: {path} does not exist; plug the camera in; 'livefilter devices' lists them")
        if not os.access(path, os.R_OK | os.W_OK):
            raise SourceError(
                f"{name}: no permission for {path}; sudo usermod -aG {owning_group(path)} $USER, then log in again"
            )
    return index


def camera_exists(device: int | str) -> bool:
    """Return whether a camera can be opened; True if the system does not report it."""
    path = _DEVICES / f"video{device}" if isinstance(device, int) else device
    return sys.platform != "linux" or os.access(path, os.R_OK | os.W_OK)


def modes_of(index: int, name: str) -> tuple[Mode, ...]:
    """Return the modes that a camera offers; none if the system does not report them.

    Args:
        index: Index of a device that exists.
        name: Name for messages.

    Raises:
        SourceError: The device cannot be opened, or captures no frames.
    """
    if sys.platform != "linux":
        return ()
    path = _DEVICES / f"video{index}"
    try:
        capabilities = _query(path, describe)
    except _OpenFailed as error:
        raise SourceError(f"{name}: {open_failure_reason(index, error.strerror or str(error))}") from error
    except OSError:
        return ()  # Another kind of device: the backend may know it, or reports what is wrong.
    if capabilities is None:
        raise SourceError(
            f"{name}: {path} captures no frames: it is the second device of another camera, or a virtual camera "
            f"without input; {_SEE_DEVICES}"
        )
    return capabilities.modes


def row_padding_notes(index: int) -> tuple[str, ...]:
    """Return a note if the frames of an open camera have padding between rows, which OpenCV does not handle."""
    if sys.platform != "linux":
        return ()
    try:
        padding = _query(_DEVICES / f"video{index}", stride_padding)
    except OSError:
        return ()  # The driver does not report it.
    note = f"pads each row with {padding} bytes, which OpenCV takes for pixels: try another size, or --fourcc MJPG"
    return (note,) if padding else ()


def open_failure_reason(index: int, problem: str = "") -> str:
    """Return why an existing camera does not open, as far as the system shows.

    Args:
        index: Index of the device.
        problem: Error message of the system.
    """
    users = _users(_DEVICES / f"video{index}") if sys.platform == "linux" else []
    if users:
        return f"cannot be opened; it is in use by {', '.join(users)}; close that program first"
    if problem:
        return f"cannot be opened: {problem}; {_SEE_DEVICES}"
    return f"cannot be opened; check that it is plugged in, not in use, and permitted; {_SEE_DEVICES}"


def disconnect_reason(index: int) -> str | None:
    """Return why an open camera failed: "unplugged", or None if it still exists."""
    path = _DEVICES / f"video{index}"
    return f"unplugged ({path} is gone)" if sys.platform == "linux" and not path.exists() else None


def probe_cameras(indices: Sequence[int]) -> dict[int, OpenAttempt]:
    """Open cameras for a few seconds, all at once, each in a process of its own: opening may hang or crash."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    trials = {
        index: subprocess.Popen(
            [sys.executable, "-c", _PROBE_SCRIPT, str(index)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for index in indices
    }
    deadline_s, attempts = time.monotonic() + _PROBE_TIMEOUT_S, {}
    for index, trial in trials.items():
        try:
            about, message = trial.communicate(timeout=max(0.1, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            trial.kill()
            trial.communicate()
            attempts[index] = OpenAttempt("", f"does not open within {_PROBE_TIMEOUT_S:g} s; {_REPLUG}")
        else:
            crash = f"opening it crashes the driver or OpenCV; {_REPLUG}"
            problem = message.strip() if trial.returncode == _EXIT_SOURCE_ERROR else crash
            attempts[index] = OpenAttempt(
                about.strip(), problem.removeprefix(f"camera {index}: ") if trial.returncode else None
            )
    return attempts


def owning_group(path: Path) -> str:
    """Return the group that owns a device."""
    import grp

    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except KeyError:
        return "video"


class _OpenFailed(OSError):
    """The system refuses to open a device."""


def _query(path: Path, question: Callable[[int, Ioctl], Answer]) -> Answer:
    """Open a device on Linux, and query it."""
    import fcntl

    try:
        # Non-blocking, which the kernel also allows for a device that is in use.
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise _OpenFailed(error.errno, error.strerror) from error
    try:
        return question(descriptor, lambda *arguments: fcntl.ioctl(*arguments))
    finally:
        os.close(descriptor)


def _linux_cameras() -> Iterator[CameraFacts]:
    """Yield the cameras that Linux lists."""
    paths = {int(path.name[5:]): path for path in _DEVICES.glob("video*") if path.name[5:].isdecimal()}
    links = {os.path.realpath(link): link for link in sorted(glob(str(_DEVICES / "v4l/by-id/*")))}
    for index, path in sorted(paths.items()):
        stable_path = links.get(os.path.realpath(path), str(path))
        try:
            capabilities = _query(path, describe)
        except _OpenFailed as error:
            fix = f"; sudo usermod -aG {owning_group(path)} $USER, then log in again" * (error.errno == errno.EACCES)
            yield CameraFacts(index, path.name, str(path), "", problem=f"{error.strerror}{fix}")
        except OSError as error:
            yield CameraFacts(index, path.name, str(path), "", problem=f"does not answer: {error.strerror}")
        else:
            if capabilities is not None:
                about = f"{capabilities.driver}, {capabilities.bus}"
                yield CameraFacts(index, capabilities.name, stable_path, about, capabilities.modes)


def _probed_cameras() -> Iterator[CameraFacts]:
    """Yield the cameras that open, or that have a name."""
    named = _camera_names()
    for index, attempt in probe_cameras(sorted(named) or _PROBED_INDICES).items():
        if attempt.about or index in named:
            name, path = named.get(index, (f"camera {index}", ""))
            yield CameraFacts(index, name, path, attempt.about, problem=attempt.problem)


def _camera_names() -> dict[int, tuple[str, str]]:
    """Return names and paths of cameras by index, if cv2-enumerate-cameras is installed."""
    try:
        from cv2_enumerate_cameras import enumerate_cameras, supported_backends
    except ImportError:
        return {}
    import cv2

    # Each backend counts cameras in its own order; OpenCV uses the first of its backends.
    backends = [int(backend) for backend in cv2.videoio_registry.getCameraBackends() if backend in supported_backends]
    cameras = enumerate_cameras(backends[0]) if backends else []
    return {camera.index: (str(camera.name), str(camera.path or "")) for camera in cameras}


def _users(path: Path) -> list[str]:
    """Return the programs that have a device open, as far as this user can see."""
    users = set()
    for link in _PROCESSES.glob("[0-9]*/fd/*"):
        try:
            if link.parts[-3] != str(os.getpid()) and os.readlink(link) == str(path):
                program = (link.parents[1] / "comm").read_text(encoding="utf-8", errors="replace").strip()
                users.add(f"{program} (process {link.parts[-3]})")
        except OSError:
            continue  # The process has closed it, or belongs to another user.
    return sorted(users)
