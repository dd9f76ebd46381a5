"""``livefilter doctor``: each problem is named, with what to do about it, and no problem stops it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from livefilter import sources
from livefilter.cli import run

# Private: each check runs alone, against what the test breaks.
from livefilter.cli.doctor import _checks
from livefilter.cli.doctor._checks import Check
from livefilter.presets import user_folder
from livefilter.sources import CameraFacts, OpenAttempt


@pytest.fixture(autouse=True)
def _no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test opens a camera: there is no device, and nothing is tried."""
    monkeypatch.setattr(sources, "list_cameras", list)
    monkeypatch.setattr(sources, "probe_cameras", lambda indices: dict.fromkeys(indices, OpenAttempt("", "no")))


def only(checks: Any) -> Check:
    """Return the one check that a function yields."""
    (check,) = checks
    assert isinstance(check, Check)
    return check


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make these the packages that are installed."""
    installed = [SimpleNamespace(metadata={"Name": name}) for name in names]
    monkeypatch.setattr("importlib.metadata.distributions", lambda: iter(installed))


# The command


def test_a_sound_installation_has_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; versions, processor and folders are told in aligned lines."""
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok   ", "note ", "     ")) for line in lines)
    for name in (
        "livefilter",
        "Python",
        "NumPy",
        "Numba",
        "OpenCV",
        "PyAV",
        "x264",
        "cores",
        "cache folder",
        "presets",
    ):
        assert any(line.startswith(f"ok     {name} ") for line in lines), name


def test_json_has_every_check_and_the_number_of_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: the same findings."""
    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["faults"] == 0
    assert {"name", "verdict", "found", "fix"} == set(report["checks"][0])
    assert {"OpenCV wheels", "windows", "cameras"} <= {check["name"] for check in report["checks"]}


def test_on_a_terminal_it_is_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets in what was found are text, and not colours."""
    monkeypatch.setattr(
        _checks, "all_checks", lambda: [Check("thing", "note", "found [red] :x:", "pip install 'a[b]'")]
    )
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "found [red] :x:" in shown
    assert "pip install 'a[b]'" in shown


def test_a_fault_is_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And the line below it says what to do."""
    install(monkeypatch, "numpy", "opencv-python", "opencv_contrib_python_headless")
    assert run(["doctor"]) == 2
    lines = capsys.readouterr().out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("fault"))
    assert "opencv-python, opencv-contrib-python-headless: they overwrite each other's files" in lines[at]
    assert lines[at + 1].split("-> ")[1] == (
        "pip uninstall -y opencv-python opencv-contrib-python-headless && pip install opencv-python"
    )


def test_it_runs_as_a_program_where_opencv_cannot_load(tmp_path: Path) -> None:
    """The usual libGL.so.1: a fault with its cure, exit 2, every other check made, nothing on standard error."""
    broken = "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')"
    (tmp_path / "cv2.py").write_text(broken, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "livefilter", "doctor"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert "fault  OpenCV         cannot be imported: libGL.so.1" in done.stdout
    assert "apt install libgl1" in done.stdout
    assert "note   windows        unknown, since OpenCV" in done.stdout
    assert "ok     presets" in done.stdout


# What is installed


@pytest.mark.parametrize(("module", "name"), [("cv2", "OpenCV"), ("av", "PyAV"), ("numba", "Numba")])
def test_a_package_that_does_not_load_is_a_fault(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a cure, and the checks that need it still answer."""
    monkeypatch.setitem(sys.modules, module, None)
    found = {check.name: check for check in _checks.all_checks()}
    assert found[name].verdict == "fault"
    assert found[name].fix.startswith("pip install --force-reinstall ")
    assert {"x264", "windows", "cameras", "presets"} <= set(found)


def test_a_missing_library_of_the_system_is_named_in_the_cure() -> None:
    """LibGL has its own, with the packages of the usual systems."""
    assert "libgl1" in _checks._import_fix("opencv-python", "libGL.so.1: cannot open shared object file")
    message = "libgthread-2.0.so.0: cannot open shared object file"
    assert _checks._import_fix("opencv-python", message) == (
        "install the system's package that has libgthread-2.0.so.0"
    )


@pytest.mark.parametrize("wheel", ["opencv-python", "opencv-python-headless", "opencv-contrib-python"])
def test_one_wheel_of_opencv_is_ok(wheel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of the four, as long as it is alone."""
    install(monkeypatch, "numpy", wheel)
    assert only(_checks.opencv_wheels()) == Check("OpenCV wheels", "ok", wheel)


def test_opencv_from_elsewhere_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution's own package leaves no wheel, and works."""
    install(monkeypatch, "numpy")
    assert only(_checks.opencv_wheels()).verdict == "note"


def test_a_pyav_without_x264_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """No video could be written."""

    def unknown(name: str, mode: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr("av.codec.Codec", unknown)
    check = only(_checks.encoder())
    assert check.verdict == "fault"
    assert "libx264" in check.found
    assert "pip install" in check.fix


def test_missing_extras_are_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are optional, and each note has the command that installs what is missing."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert [(check.verdict, check.fix) for check in _checks.extras()] == [
        ("note", "pip install 'livefilter[explain]'"),
        ("note", "pip install 'livefilter[parquet]'"),
    ]


def test_the_processor_has_a_name_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux keeps it in /proc, macOS in sysctl, Windows in Python's own platform module."""
    assert _checks._cpu_name()
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(subprocess, "run", lambda *given, **options: SimpleNamespace(stdout="Apple M4\n"))
    assert _checks._cpu_name() == "Apple M4"
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "processor", lambda: "Intel64 Family 6")
    assert _checks._cpu_name() == "Intel64 Family 6"


def test_without_llvm_the_processor_has_no_features_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is reported all the same."""
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert _checks._cpu_features() == []


# Folders


def test_a_cache_folder_that_cannot_be_written_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything works, only slower to start; nothing is left behind by trying."""
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "cache" / "deep"))
    assert only(_checks.caches()) == Check("cache folder", "ok", str(tmp_path / "cache" / "deep"))
    assert list(tmp_path.iterdir()) == []

    def refuse(**options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    check = only(_checks.caches())
    assert check.verdict == "note"
    assert "Read-only file system" in check.found
    assert "LIVEFILTER_CACHE_DIR" in check.fix


def test_a_preset_of_the_users_own_that_does_not_load_is_a_note_with_its_place() -> None:
    """Only that one is lost; file, line and column are named."""
    user_folder().mkdir(parents=True)
    (user_folder() / "good.yaml").write_text("steps: []", encoding="utf-8")
    (user_folder() / "bad.yaml").write_text("steps:\n  - gausian: {}\n", encoding="utf-8")
    summary, broken = _checks.presets()
    assert "2 of your own" in summary.found
    assert (broken.name, broken.verdict) == ("preset bad", "note")
    assert "bad.yaml:2:5" in broken.found


def test_missing_shipped_presets_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation is incomplete."""
    # Private: the installation cannot be damaged for a test.
    monkeypatch.setattr("livefilter.presets._lookup.resource_folder", lambda name: tmp_path)
    assert only(_checks.presets()).verdict == "fault"


def test_presets_that_cannot_be_read_at_all_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say where the YAML library is broken."""
    monkeypatch.setitem(sys.modules, "livefilter.presets", None)
    assert only(_checks.presets()).verdict == "fault"


# Display and cameras


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there, a display is always there")
def test_no_display_is_a_note_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers have none, and everything but windows works on them."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    check = only(_checks.display())
    assert (check.verdict, check.found) == ("note", "there is no display (DISPLAY is not set)")
    assert "xvfb-run" in check.fix


def test_a_headless_opencv_is_a_note_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cure is the pair of pip commands."""
    monkeypatch.setattr("cv2.getBuildInformation", lambda: "  GUI:                           NONE\n")
    check = only(_checks.display())
    assert check.verdict == "note"
    assert "opencv-python-headless" in check.found
    assert check.fix.startswith("pip uninstall opencv-python-headless")


def test_a_display_is_told_with_what_draws_the_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt, GTK, Cocoa or Win32."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert only(_checks.display()).verdict == "ok"


def cameras(monkeypatch: pytest.MonkeyPatch, **problems: str | None) -> None:
    """Make this a Linux machine with these cameras, and why each is not even asked."""
    monkeypatch.setattr(sys, "platform", "linux")
    listed = [CameraFacts(int(name[-1]), name, "", "", problem=problem) for name, problem in problems.items()]
    monkeypatch.setattr(sources, "list_cameras", lambda: listed)


def test_cameras_that_open_are_listed_and_others_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without permission is not opened; each is reported separately, with a fix."""
    tried = {
        0: OpenAttempt("640 x 480 at 30 fps", None),
        2: OpenAttempt("", "cannot be opened; it is in use; close that first"),
    }
    cameras(monkeypatch, camera0=None, camera1="Permission denied; sudo usermod -aG video $USER", camera2=None)
    monkeypatch.setattr(sources, "probe_cameras", lambda indices: {index: tried[index] for index in indices})
    assert list(_checks.cameras()) == [
        Check("camera 1", "note", "Permission denied", "sudo usermod -aG video $USER"),
        Check("camera 0", "ok", "640 x 480 at 30 fps"),
        Check("camera 2", "note", "cannot be opened; it is in use", "close that first"),
    ]


def test_a_problem_without_a_cure_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made up."""
    cameras(monkeypatch, camera0="does not answer: Input/output error")
    assert only(_checks.cameras()) == Check("camera 0", "note", "does not answer: Input/output error")


def test_no_camera_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and pictures need none."""
    cameras(monkeypatch)
    check = only(_checks.cameras())
    assert check.verdict == "note"
    assert check.found.startswith("none")


@pytest.mark.parametrize(("system", "fix"), [("darwin", "Privacy & Security > Camera"), ("win32", "desktop apps")])
def test_where_no_camera_opens_the_permission_of_that_system_is_the_fix(
    system: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All four indices are tried there, since no devices are listed."""
    monkeypatch.setattr(sys, "platform", system)
    check = only(_checks.cameras())
    assert check.found == "none opens (tried 0, 1, 2, 3)"
    assert fix in check.fix
