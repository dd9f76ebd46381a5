"""The command line as a whole: instant help, exit codes, and one line for each thing that is wrong."""

from __future__ import annotations

import errno
import io
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import click
import cv2
import numpy as np
import pytest

from livefilter import __version__
from livefilter.cli import compare_option, file_stem, main, root_command, run, stopping_on_signal
from livefilter.errors import LivefilterError
from livefilter.layers import COMPARES

HEAVY = ("numba", "cv2", "av", "pydantic", "rich", "numpy", "matplotlib", "ruamel")
COMMANDS = root_command.list_commands(click.Context(root_command))
HELPS = f"""
import sys
from livefilter.cli import root_command, run
for name in ("", *root_command.list_commands(None)):
    assert run([*name.split(), "--help"]) == 0, name
assert run(["--version"]) == 0
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def livefilter(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m livefilter`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "livefilter", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """The help of every command comes without Numba, OpenCV, PyAV, pydantic, rich, and even NumPy."""
    ran = subprocess.run(
        [sys.executable, "-c", HELPS], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "loaded: []"
    assert ran.stdout.count("Usage: livefilter") == len(COMMANDS) + 1


def test_the_module_can_be_run(clip: Path, tmp_path: Path, negative: str) -> None:
    """``python -m livefilter`` is ``livefilter``, exit code included; the report goes to standard error or is quiet."""
    ran = livefilter("process", str(clip), "-p", negative, "-q", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert names(tmp_path) == ["clip-negative.mp4"]
    ran = livefilter("process", str(clip), "-p", negative, cwd=tmp_path)
    assert ran.returncode == 4
    assert ran.stderr == ("livefilter: clip-negative.mp4: exists; give --overwrite (overwrite=True) to replace it\n")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """-V and --version."""
    assert run(["-V"]) == run(["--version"]) == 0
    assert capsys.readouterr().out.split()[-1] == __version__


def test_running_the_module_runs_main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process, the exit code included."""
    monkeypatch.setattr(sys, "argv", ["livefilter", "-V"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("livefilter", run_name="__main__")
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """With every command, and as a usage error."""
    assert run([]) == 2
    told = "".join(capsys.readouterr())
    assert all(f"  {name} " in told for name in COMMANDS)


def _bad_clips(folder: Path, clip: Path) -> None:
    """Put what is wrong with a file, each thing under its own name."""
    content = clip.read_bytes()
    (folder / "good.mp4").write_bytes(content)
    (folder / "empty.mp4").touch()
    (folder / "letter.mp4").write_text("Dear all,\n" * 40)
    (folder / "cut.mp4").write_bytes(content[: content.index(b"mdat") + 6])
    (folder / "picture.mp4").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    (folder / "there.mp4").write_bytes(b"precious")
    (folder / "folder").mkdir()
    (folder / "list.yaml").write_text("- gaussian\n")
    (folder / "typo.yaml").write_text("steps:\n  - gausian: {}\n")


BAD = [
    ("process missing.mp4", 3, r"missing\.mp4: no such file"),
    ("process folder", 3, "folder: is a folder without images"),
    ("process empty.mp4", 3, r"empty\.mp4: the file is empty \(0 bytes\)"),
    ("process letter.mp4", 3, r"letter\.mp4: is not a video"),
    ("process cut.mp4", 3, r"cut\.mp4: has no frame that can be decoded; .*cut off"),
    (
        "process picture.mp4",
        3,
        r"picture\.mp4: is an image \(png\), not a video; to read it as an image, use its own suffix",
    ),
    ("process *.png", 3, "no such file, and as a pattern it matches nothing"),
    ("process synthetic:chat", 3, "use synthetic:chart"),
    ("process camera:front", 3, "a camera is camera:NUMBER"),
    ("score 97", 3, "camera 97: (/dev/video97 does not exist|cannot be opened)"),
    ("score missing.mp4", 3, r"missing\.mp4: no such file"),
    ("presets edge --image missing.png -o a.png", 3, r"missing\.png: no such file"),
    ("presets typo.yaml --image good.mp4 --frame 99 -o a.png", 2, "typo.yaml"),
    ("presets edge --image good.mp4 --frame 99 -o a.png", 3, r"good\.mp4: has no frame 99"),
    ("process good.mp4 -o missing/a.mp4", 4, "the folder missing does not exist; make it first"),
    ("process good.mp4 -o good.mp4/a.mp4", 4, r"good\.mp4 is a file, not a folder"),
    ("process good.mp4 -o there.mp4", 4, r"there\.mp4: exists; give --overwrite"),
    ("process good.mp4 -o a.mp4 --scores missing/a.csv", 4, "the folder missing does not exist"),
    ("score good.mp4 -o missing/a.csv", 4, "the folder missing does not exist"),
    ("demo -d good.mp4/a", 4, "cannot be created"),
    ("process good.mp4 -o good.mp4 --overwrite", 2, r"good\.mp4: is, or would be written over, the input"),
    ("process good.mp4 -o a.xyz", 2, r"a\.xyz: the ending must be one of"),
    ("process good.mp4 --scores a.txt", 2, r"a table of scores ends in \.csv, \.jsonl, \.parquet"),
    ("process good.mp4 -p edg", 2, "unknown preset 'edg'; did you mean 'edge'"),
    ("process good.mp4 -p missing.yaml", 2, r"missing\.yaml: no such file"),
    ("process good.mp4 -p list.yaml", 2, r"list\.yaml:1:1: "),
    ("process good.mp4 -p typo.yaml", 2, r"typo\.yaml:2:5: .*did you mean 'gaussian'"),
    ("presets sharpn", 2, "did you mean 'sharpen'"),
    ("presets --image good.mp4", 2, "--image and -o must be given together"),
    ("process", 2, "Missing argument 'SOURCE...'"),
    ("process good.mp4 --ovrwrite", 2, "--overwrite"),
    ("process good.mp4 --compare split", 2, "'none', 'side', 'wipe', 'pip'"),
    ("process good.mp4 --threads 0", 2, "--threads"),
    ("proces good.mp4", 2, "no such command 'proces'; did you mean 'process'"),
    ("xyzzy", 2, "no such command 'xyzzy'; the commands are demo, process, score"),
    ("good.mp4", 2, "no such command 'good.mp4'; did you mean 'livefilter preview good.mp4'?"),
    ("rtsp://camera/live", 2, "did you mean 'livefilter preview rtsp://camera/live'?"),
    ("--nothing", 2, "--nothing"),
    ("preview missing.mp4", 3, "missing.mp4: no such file"),
    ("preview good.mp4", 3, "there is no display"),
    ("preview rtsp://127.0.0.1:1/live", 3, "there is no display"),
    ("process good.mp4 --window -o a.mp4", 3, "there is no display"),
]


@pytest.mark.parametrize(("line", "code", "says"), BAD, ids=[line for line, _, _ in BAD])
def test_bad_input_is_one_line_an_exit_code_and_no_output(
    line: str,
    code: int,
    says: str,
    clip: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard output stays empty, the folder as it was, and there is no traceback."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    _bad_clips(here, clip)
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    assert run(line.split()) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("livefilter")
    assert told.err.count("\n") == 1
    with pytest.raises(LivefilterError, match=says):
        raise LivefilterError(told.err)
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


def test_a_traceback_is_shown_only_with_debug(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line comes all the same, at the end."""
    assert run(["score", "missing.mp4"]) == 3
    assert "Traceback" not in capsys.readouterr().err
    assert run(["--debug", "score", "missing.mp4"]) == 3
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last)")
    assert told.endswith("\nlivefilter: missing.mp4: no such file\n")


@pytest.mark.parametrize(("value", "is_debugging"), [("1", True), ("0", False), ("", False)])
def test_debugging_can_be_switched_on_by_the_environment(
    value: str, is_debugging: bool, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """LIVEFILTER_DEBUG=1; 0 is off."""
    monkeypatch.setenv("LIVEFILTER_DEBUG", value)
    assert run(["score", "missing.mp4"]) == 3
    assert ("Traceback" in capsys.readouterr().err) is is_debugging


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ZeroDivisionError("division by zero"), 1, "a bug: ZeroDivisionError: division by zero; .*--debug.*report"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "standard output: cannot be written: No space left"),
        (OSError(errno.EIO, "Input/output error"), 1, "a bug: OSError"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, None),
    ],
)
def test_what_nobody_expected_has_its_exit_code_too(
    error: BaseException,
    code: int,
    line: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A bug says that it is one; closing our output is no error."""

    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(type(root_command), "get_command", lambda *_: fail)
    assert run(["score"]) == code
    told = capsys.readouterr().err
    if line is None:
        assert told == ""
        return
    assert told.count("\n") == 1
    with pytest.raises(LivefilterError, match=line):
        raise LivefilterError(told)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["presets"], ["score", "good.mp4"]])
def test_a_full_disk_behind_standard_output_is_exit_4(arguments: list[str], clip: Path, tmp_path: Path) -> None:
    """One line, and no complaint of Python's own at exit."""
    (tmp_path / "good.mp4").write_bytes(clip.read_bytes())
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "livefilter", *arguments],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=100,
        )
    assert ran.returncode == 4
    assert ran.stderr == "livefilter: standard output: cannot be written: No space left on device\n"


def test_the_choices_of_compare_are_those_of_the_overlay() -> None:
    """The command line repeats them, so that its help need not load OpenCV."""
    (option,) = [parameter for parameter in compare_option(click.Command("x")).params if parameter.name == "compare"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == COMPARES


def test_a_second_signal_ends_at_once() -> None:
    """The first asks for an orderly end; who signals again does not want to wait for it."""
    before = signal.getsignal(signal.SIGINT)
    with stopping_on_signal() as should_stop:
        assert not should_stop()
        signal.raise_signal(signal.SIGINT)
        assert should_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT"])
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(name: str) -> None:
    """A closed terminal or Ctrl-C ends a run in order, except under nohup or as the background job of a script."""
    number = getattr(signal, name)
    before = signal.getsignal(number)
    try:
        for handler, is_heard in ((signal.SIG_DFL, True), (signal.SIG_IGN, False)):
            signal.signal(number, handler)
            with stopping_on_signal() as should_stop:
                signal.raise_signal(number)
                assert should_stop() == is_heard
            assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("clip.mp4", "clip"),
        ("/a/b/clip.tar.mp4", "clip.tar"),
        ("0", "camera-0"),
        ("camera:2", "camera-2"),
        ("synthetic:chart", "synthetic-chart"),
        ("frames/", "frames"),
        ("frames/*.png", "frames"),
        ("frames/**/*.png", "frames"),
        (".", "here"),
        ("..", "above"),
        ("*.png", "here"),
        ("my clip.mp4", "my-clip"),
    ],
)
def test_an_output_is_named_after_its_input(
    source: str, stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without folder, ending and wildcards; what has no name of its own is named after where it is."""
    (tmp_path / "above" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "above" / "here")
    assert file_stem(source) == stem


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")
def test_preview_without_a_display_exits_before_qt_could_abort(tmp_path: Path, clip: Path) -> None:
    """In a process of its own: exit code 3, one line with the cure, and no core dump."""
    for display in ("", ":4093", "nonsense"):
        ran = livefilter("preview", str(clip), cwd=tmp_path, DISPLAY=display, QT_QPA_PLATFORM="")
        assert ran.returncode == 3
        assert ran.stderr.count("\n") == 1
        assert "livefilter process" in ran.stderr


@pytest.mark.parametrize(
    "error", [None, OSError(errno.ENOSPC, "No space left on device"), BrokenPipeError(errno.EPIPE, "Broken pipe")]
)
def test_the_exit_code_survives_a_standard_output_that_fails_at_the_end(
    error: OSError | None, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first error is reported; Python's own message at exit is prevented."""
    replaced: list[int] = []

    class Output(io.StringIO):
        """A standard output whose last flush fails."""

        def flush(self) -> None:
            """As a file."""
            if error is not None:
                raise error

        def fileno(self) -> int:
            """As a file."""
            return 1

    monkeypatch.setattr(sys, "argv", ["livefilter", "score", "missing.mp4"])
    monkeypatch.setattr(sys, "stdout", Output())
    monkeypatch.setattr(os, "dup2", lambda source, target: replaced.append(target))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert replaced == ([] if error is None else [1])


def test_every_command_can_be_found_and_no_other() -> None:
    """By its name alone."""
    context = click.Context(root_command)
    assert all(root_command.get_command(context, name) for name in root_command.list_commands(context))
    assert root_command.get_command(context, "xyzzy") is None


def test_an_interrupt_while_a_command_is_looked_for_is_one_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it comes: exit code 130, and a line."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(root_command), "parse_args", interrupt)
    assert run(["score"]) == 130
    assert capsys.readouterr().err.split() == ["livefilter:", "interrupted"]


def test_a_thread_that_a_driver_blocks_does_not_hold_up_the_end() -> None:
    """Nor does the interpreter come down around it: everything is written, and the exit code is right."""
    script = """
import sys, threading
# Private, since no public call leaves a blocked thread behind without a broken driver.
from livefilter._blocking_thread import BlockingThread
from livefilter.cli import main
BlockingThread(threading.Event().wait, "reader").start()
import atexit
atexit.register(print, "taken down")
sys.argv = ["livefilter", "score", "missing.mp4"]
print("before")
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout) == (3, "before\n")
    assert "missing.mp4: no such file" in done.stderr
