"""The ``livefilter`` command: its subcommands, each loaded when it is used, and what errors become."""

from __future__ import annotations

import errno
import os
import sys
import threading
import traceback
from importlib import import_module

import click

from livefilter import __version__
from livefilter.errors import DisplayError, LivefilterError, SinkError, SourceError

DONE, BUG, USAGE, INPUT, OUTPUT, LOSS, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_COMMANDS = (
    "demo",
    "process",
    "score",
    "preview",
    "probe",
    "presets",
    "explain",
    "bench",
    "cache",
    "devices",
    "doctor",
)
_PACKAGES = ("doctor", "explain")
"""Commands that have a package; the others have a module."""
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LazyGroup(click.Group):
    """A group whose commands are imported by name: ``livefilter.cli._NAME`` or ``livefilter.cli.NAME._command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; None if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = f"{cmd_name}._command" if cmd_name in _PACKAGES else f"_{cmd_name}"
        command: click.Command = import_module(f"livefilter.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; where there is none, say which name is near."""
        if args[0] not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_COMMANDS)}"
            ctx.fail(f"no such command {args[0]!r}; {meant}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for and return its exit code, also if it fails."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise  # click's own business.
        except (Exception, KeyboardInterrupt) as error:
            # Here rather than around main, where click would already have made 1 of a closed pipe, and a blank line of
            # an interrupt.
            if ctx.params["debug"]:
                traceback.print_exc()
            return _told(error)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="livefilter")
@click.option("--debug", is_flag=True, envvar="LIVEFILTER_DEBUG", help="Show a traceback when something fails.")
def livefilter(debug: bool) -> None:
    """Filter cameras and videos with convolution presets, and score the edges of every frame.

    A SOURCE is a camera (0), a stream (rtsp://..., http://...), a video file, a picture, a folder of pictures, a glob,
    synthetic:webcam, or standard input (-).
    """


def main() -> None:
    """Run the command line and exit with its code."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would try again at exit, and complain of it; what cannot be written has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or _told(error)
    if any(thread.name.startswith("livefilter-") for thread in threading.enumerate()):
        # A driver or a server still blocks a thread that was left behind. Taking the interpreter down around it can
        # abort the process; everything is written, so the process can just end.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; errors are one line on standard error."""
    try:
        code = livefilter.main(arguments, prog_name="livefilter", standalone_mode=False)
    except click.ClickException as error:
        _show_usage(error)
        return USAGE
    except (click.Abort, KeyboardInterrupt) as error:
        return _told(error)
    return code if isinstance(code, int) else DONE


def _show_usage(error: click.ClickException) -> None:
    """Say in one line what is wrong with the arguments; without any, show the help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or type(error).__name__ == "NoArgsIsHelpError":  # Of that name since click 8.2.
        error.show()
        return
    message = " ".join(error.format_message().split()).removesuffix(".")
    click.echo(f"{context.command_path}: {message} ('{context.command_path} --help' shows what there is)", err=True)


def _told(error: BaseException) -> int:
    """Say in one line what went wrong, and return the exit code for it."""
    if isinstance(error, BrokenPipeError):
        return DONE  # Whoever reads our output has had enough: nothing went wrong.
    code, line = explained(error)
    click.echo(f"livefilter: {line}", err=True)
    return code


def explained(error: BaseException) -> tuple[int, str]:
    """Return the exit code for an error, and what is said of it in one line."""
    match error:
        case KeyboardInterrupt() | click.Abort():
            return INTERRUPTED, "interrupted"
        case SinkError():
            return OUTPUT, str(error)
        case SourceError() | DisplayError():
            return INPUT, str(error)
        case LivefilterError():
            return USAGE, str(error)
        case OSError() if error.errno in _DISK_FULL:
            return OUTPUT, f"standard output: cannot be written: {error.strerror}"
    what = f"{type(error).__name__}: {error}"
    return BUG, f"a bug: {what}; 'livefilter --debug ...' shows where; please report it"
