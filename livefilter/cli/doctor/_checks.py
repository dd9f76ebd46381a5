"""The checks of ``livefilter doctor``. Each examines one thing and survives any failure there."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Literal

import livefilter
from livefilter.cpus import usable_cpus
from livefilter.errors import DisplayError, PresetError

Verdict = Literal["ok", "note", "fault"]

_WHEELS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
_CPU_FEATURES = ("sse4.2", "avx", "avx2", "fma", "avx512f", "neon", "sve")
_CAMERAS = range(4)
_CAMERA_FIXES = {
    "darwin": "System Settings > Privacy & Security > Camera: allow your terminal, then restart it",
    "win32": "Settings > Privacy & security > Camera: let desktop apps use it",
}
_NOT_LOADED = "unknown, since OpenCV or PyAV cannot be imported"


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check.

    Attributes:
        name: Subject of the check.
        verdict: "ok"; "note": something will not work here; "fault": livefilter is broken.
        found: Finding, in one line.
        fix: What to do about it; empty if nothing needs to be done.
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


def all_checks() -> list[Check]:
    """Run all checks."""
    return [
        result
        for check in (machine, packages, opencv_wheels, encoder, extras, caches, presets, display, cameras)
        for result in check()
    ]


def machine() -> Iterator[Check]:
    """Report versions and the CPU."""
    yield Check("livefilter", "ok", livefilter.__version__)
    yield Check("Python", "ok", f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}")
    yield Check("system", "ok", platform.platform())
    yield Check("processor", "ok", ", ".join([_cpu_name(), *_cpu_features()]))
    yield Check("cores", "ok", _cores())


def packages() -> Iterator[Check]:
    """Import the packages that livefilter needs."""
    for module, package, name in (
        ("numpy", "numpy", "NumPy"),
        ("numba", "numba", "Numba"),
        ("cv2", "opencv-python", "OpenCV"),
        ("av", "av", "PyAV"),
    ):
        loaded = _import(module)
        if isinstance(loaded, ModuleType):
            yield Check(name, "ok", str(loaded.__version__) + _libraries(loaded))
        else:
            yield Check(name, "fault", f"cannot be imported: {_line(loaded)}", _import_fix(package, str(loaded)))


def opencv_wheels() -> Iterator[Check]:
    """Report the installed OpenCV wheels: they share one folder, so two of them overwrite each other."""
    names = {str(package.metadata["Name"]).lower().replace("_", "-") for package in metadata.distributions()}
    installed = [wheel for wheel in _WHEELS if wheel in names]
    found = ", ".join(installed) or "none (OpenCV comes from elsewhere, or is missing)"
    if len(installed) > 1:
        fix = f"pip uninstall -y {' '.join(installed)} && pip install {installed[0]}"
        yield Check("OpenCV wheels", "fault", f"{found}: they overwrite each other's files", fix)
    else:
        yield Check("OpenCV wheels", "ok" if installed else "note", found)


def encoder() -> Iterator[Check]:
    """Report whether H.264 files can be written."""
    av = _import("av")
    if not isinstance(av, ModuleType):
        yield Check("x264", "note", "unknown, since PyAV cannot be imported")
        return
    try:
        av.codec.Codec("libx264", "w")
    except ValueError:  # PyAV's UnknownCodecError is one.
        fix = "pip install --force-reinstall --only-binary=:all: av"
        yield Check("x264", "fault", "this PyAV cannot write H.264 (its FFmpeg has no libx264)", fix)
    else:
        yield Check("x264", "ok", "libx264, in PyAV")


def extras() -> Iterator[Check]:
    """Report the optional packages."""
    for name, package, extra, uses in (
        ("Matplotlib", "matplotlib", "explain", "'livefilter explain -o' and --plot"),
        ("PyArrow", "pyarrow", "parquet", "scores as .parquet"),
    ):
        loaded = _import(package)
        if isinstance(loaded, ModuleType):
            yield Check(name, "ok", f"{loaded.__version__}, for {uses}")
        else:
            yield Check(name, "note", f"{uses} need it: {_line(loaded)}", f"pip install 'livefilter[{extra}]'")


def caches() -> Iterator[Check]:
    """Report the cache folder of compiled code, and whether it can be written."""
    try:
        from livefilter.compiler import cache_folder
    except ImportError:  # The check of Numba reports it.
        return
    folder = cache_folder()
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            yield Check("cache folder", "ok", str(folder))
    except OSError as error:
        found = f"{folder}: cannot be written ({error.strerror}), so every start compiles the presets again"
        yield Check("cache folder", "note", found, "set LIVEFILTER_CACHE_DIR to a folder of your own")


def presets() -> Iterator[Check]:
    """Load every preset, shipped or of the user."""
    room = _import("livefilter.presets")
    if not isinstance(room, ModuleType):
        yield Check("presets", "fault", f"cannot be read: {_line(room)}", "pip install --force-reinstall livefilter")
        return
    names, folder = room.list_presets(), room.user_folder()
    own = [name for name in names if room.find_preset(name).parent == folder]
    shipped = len(names) - len(own)
    yield Check("presets", "ok" if shipped else "fault", f"{shipped} shipped, {len(own)} of your own in {folder}")
    for name in names:
        try:
            room.load_preset(name)
        except PresetError as error:
            verdict: Verdict = "note" if name in own else "fault"
            fix = "correct the file, or remove it" if name in own else "pip install --force-reinstall livefilter"
            yield Check(f"preset {name}", verdict, str(error), fix)


def display() -> Iterator[Check]:
    """Report whether a window can be opened."""
    cv2, sinks = _import("cv2"), _import("livefilter.sinks")
    if not (isinstance(cv2, ModuleType) and isinstance(sinks, ModuleType)):
        yield Check("windows", "note", _NOT_LOADED)
        return
    try:
        sinks.check_display()
    except DisplayError as error:
        found, _, fix = str(error).removeprefix("window: ").partition("; ")
        yield Check("windows", "note", found, fix)
    else:
        yield Check(
            "windows", "ok", f"{cv2.currentUIFramework() or 'native'}, on {os.environ.get('DISPLAY', 'screen')}"
        )


def cameras() -> Iterator[Check]:
    """Try the first cameras, all at once and for a few seconds, in other processes: opening one can hang or crash."""
    sources = _import("livefilter.sources")
    if not (isinstance(_import("cv2"), ModuleType) and isinstance(sources, ModuleType)):
        yield Check("cameras", "note", _NOT_LOADED)
        return
    indices = list(_CAMERAS)
    if sys.platform == "linux":
        listed = sources.list_cameras()
        if not listed:
            fix = "plug one in; in a container or virtual machine, pass the device through"
            yield Check("cameras", "note", "none (the system has no video capture device)", fix)
        yield from (_refused(camera.index, camera.problem) for camera in listed if camera.problem)
        indices = [camera.index for camera in listed if not camera.problem]
    tried = sources.probe_cameras(indices)
    for index, found in tried.items():
        if found.problem is None:
            yield Check(f"camera {index}", "ok", found.about)
        elif sys.platform == "linux":  # Elsewhere the number may not exist.
            yield _refused(index, found.problem)
    if sys.platform != "linux" and all(found.problem for found in tried.values()):
        fix = _CAMERA_FIXES.get(sys.platform, "close other programs that use it, then unplug it and plug it in again")
        yield Check("cameras", "note", f"none opens (tried {', '.join(map(str, indices))})", fix)


def _refused(index: int, problem: str) -> Check:
    found, _, fix = problem.rpartition("; ")
    return Check(f"camera {index}", "note", found or fix, fix if found else "")


def _import(name: str) -> ModuleType | Exception:
    """Return a module, or the exception of its import, which may be any."""
    try:
        return import_module(name)
    except Exception as error:
        return error


def _import_fix(package: str, message: str) -> str:
    if "libGL" in message:
        return (
            "apt install libgl1 (Debian, Ubuntu) or dnf install mesa-libGL (Fedora); "
            f"or, without windows: pip uninstall -y {package} && pip install opencv-python-headless"
        )
    if library := re.search(r"lib[\w.+-]+\.so[.\d]*", message):
        return f"install the system's package that has {library[0]}"
    return f"pip install --force-reinstall {package}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _libraries(module: ModuleType) -> str:
    if module.__name__ != "av":
        return ""
    codec = ".".join(map(str, module.library_versions["libavcodec"]))
    return f", FFmpeg {getattr(module, 'ffmpeg_version_info', 'libraries')} (libavcodec {codec})"


def _cpu_name() -> str:
    """Return the name of the CPU as the system reports it."""
    system = platform.system()
    if system == "Linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return models[0] if models else platform.machine()
    if system == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def _cpu_features() -> list[str]:
    llvm = _import("llvmlite.binding")
    if not isinstance(llvm, ModuleType):
        return []
    features = llvm.get_host_cpu_features()
    return [feature for feature in _CPU_FEATURES if features.get(feature)]


def _cores() -> str:
    return f"{os.cpu_count()}, {usable_cpus()} of them usable by this process"
