"""The options of a source, on the command line."""

from __future__ import annotations

import logging
import sys
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from livefilter.cli import rate, run, size, source_options
from livefilter.sources import SourceOptions

# Private: a test of permissions needs devices that belong to it.
from livefilter.sources.camera import _devices
from livefilter.testing import running


def taken(*arguments: str) -> SourceOptions:
    """What a command gets that has these options."""
    got: list[SourceOptions] = []

    @click.command()
    @source_options
    def command(source_options: SourceOptions) -> None:
        """Keep them."""
        got.append(source_options)

    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return got[0]


def test_without_flags_the_options_are_the_library_s_own() -> None:
    """The defaults in the help are the library's, and every option has its flag; colour is a flag of process alone."""
    assert taken() == SourceOptions()
    command = click.command()(source_options(lambda **_: None))
    assert {*(option.name for option in command.params), "color"} == {field.name for field in fields(SourceOptions)}


def test_every_flag_arrives() -> None:
    """Sizes name the columns first, as people write them; rates are exact."""
    flags = (
        "--size 1280x720 --fps 29.97 --fourcc MJPG --backend V4L2 --mirror --realtime --loop --input-format gray8 "
        "--open-timeout 1 --read-timeout 2 --retry-wait 3 --give-up-after 4 --frozen-after 0"
    )
    assert taken(*flags.split()) == SourceOptions(
        size=(720, 1280),
        rate=Fraction(30000, 1001),
        fourcc="MJPG",
        backend="V4L2",
        mirror=True,
        realtime=True,
        loop=True,
        open_timeout_s=1,
        read_timeout_s=2,
        retry_wait_s=3,
        give_up_after_s=4,
        frozen_after_s=0,
        input_format="gray8",
    )


@pytest.mark.parametrize("flag", ["--open-timeout", "--read-timeout", "--retry-wait", "--frozen-after"])
def test_the_help_tells_the_true_default(flag: str) -> None:
    """The number in the help is the library's."""
    name = flag.removeprefix("--").replace("-", "_") + "_s"

    @source_options
    def command() -> None:
        """Only its options count."""

    options: list[click.Option] = command.__click_params__  # type: ignore[attr-defined]
    [default] = [option.default for option in options if flag in option.opts]
    assert default == getattr(SourceOptions(), name)


@pytest.mark.parametrize(
    ("text", "fps"),
    [
        ("25", Fraction(25)),
        ("12.5", Fraction(25, 2)),
        ("30000/1001", Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("0.5", Fraction(1, 2)),
    ],
)
def test_a_rate_is_what_people_mean_by_it(text: str, fps: Fraction) -> None:
    """29.97 is 30000/1001, which is what cameras and televisions run at."""
    assert rate(text) == fps


@pytest.mark.parametrize("text", ["1280", "1280x", "x720", "1280*720", "-1x5", "1e3x5"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(click.BadParameter, match="columns x rows, such as 1280x720"):
        size(text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("score synthetic:chart --size 3x4", "size: is for cameras, video files and standard input only"),
        ("score synthetic:chart --rate fast", "must be frames per second, such as 25"),
        ("process synthetic:chart --fourcc MJPEG", "fourcc: must be four letters"),
        ("process synthetic:chart --retry-wait 0", "retry_wait_s: must be more than 0"),
        ("score synthetic:chart --size 0x5", "size: each side must be"),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    arguments: str, says: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line that says what is right, nothing written."""
    monkeypatch.chdir(tmp_path)
    assert run(arguments.split()) == 2
    assert says in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_password_in_an_address_appears_nowhere(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the error, not in its traceback, not in the names of files; the exit code is that of an input."""
    monkeypatch.chdir(tmp_path)
    address = "rtsp://admin:s3cret@127.0.0.1:9/live?token=h1dden"
    for arguments in (["score", address], ["--debug", "process", address], ["process", "-d", "out", address, address]):
        assert run(arguments) in (2, 3)
        told = capfd.readouterr()
        assert "rtsp://127.0.0.1:9/live" in told.err
        assert not any(secret in told.out + told.err for secret in ("s3cret", "h1dden", "admin"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_quiet", [False, True])
def test_what_the_library_logs_is_told_while_the_command_runs(
    is_quiet: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """That a camera is lost, when it is lost; with --quiet only errors. Afterwards logging is as it was."""
    logger = logging.getLogger("livefilter.sources")

    @click.command()
    @click.option("--quiet", is_flag=True)
    @source_options
    def command(quiet: bool, source_options: SourceOptions) -> None:
        """Log something of each kind."""
        logger.debug("details")
        logger.info("connected %s", "again")
        logger.warning("lost")
        logger.error("broken")

    command.main(["--quiet"] * is_quiet, standalone_mode=False)
    lines = capsys.readouterr().err.splitlines()
    wanted = ["livefilter: connected again", "livefilter: lost", "livefilter: broken"]
    assert lines == (wanted[-1:] if is_quiet else wanted)
    assert not logging.getLogger("livefilter").handlers
    assert logging.getLogger("livefilter").level == logging.NOTSET


@pytest.mark.skipif(sys.platform != "linux", reason="devices are files only there")
def test_a_camera_that_is_in_use_is_an_input_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, the program that uses it by name, and not a word of OpenCV's: the device is there, and says no."""
    device = tmp_path / "video0"
    device.touch()
    monkeypatch.setattr(_devices, "_DEVICES", tmp_path)
    with device.open() as opened, running(["sleep", "60"], stdin=opened) as other:
        assert run(["score", "0"]) == 3
    told = capfd.readouterr().err
    assert told == (
        f"livefilter: camera 0: cannot be opened; it is in use by sleep (process {other.pid}); "
        "close that program first\n"
    )
    assert run(["score", "/dev/video1"]) == 3
    assert "video1 does not exist" in capfd.readouterr().err
