"""The ``livefilter`` command: subcommands that load on first use, and the reporting of errors."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from livefilter import __version__
from livefilter._blocking_thread import is_blocked_thread_left
from livefilter.cli._exit_codes import DONE, USAGE, report_error

_COMMANDS = {
    "demo": "_demo",
    "process": "_process",
    "score": "_score",
    "preview": "_preview",
    "probe": "_probe",
    "presets": "_presets",
    "explain": "explain",
    "bench": "_bench",
    "cache": "_cache",
    "devices": "_devices",
    "doctor": "doctor",
}
"""Module of each command, in the order of the help."""
_STREAMS = ("stdin", "stdout", "stderr")


class LazyGroup(click.Group):
    """A group that imports a command on first use: ``command`` of its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None if there is no command of that name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"livefilter.cli.{_COMMANDS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; fail with the nearest name if there is none."""
        if args[0] not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            if near:
                advice = f"did you mean {near[0]!r}?"
            elif _is_source(args[0]):
                advice = f"did you mean 'livefilter preview {args[0]}'? process writes a filtered file, score a table"
            else:
                advice = f"the commands are {', '.join(_COMMANDS)}"
            ctx.fail(f"no such command {args[0]!r}; {advice}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command and return its exit code, also if it fails."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise  # click handles these itself.
        except (Exception, KeyboardInterrupt) as error:
            # Here, not around main: click exits with 1 on a closed pipe and prints an empty line on an interrupt.
            if ctx.params["debug"]:
                traceback.print_exc()
            return report_error(error)


def _is_source(text: str) -> bool:
    """Return whether a text looks like a source, without loading what opens one."""
    return text.isdecimal() or "://" in text or text.startswith(("sample:", "camera:", "/dev/")) or os.path.exists(text)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="livefilter")
@click.option("--debug", is_flag=True, envvar="LIVEFILTER_DEBUG", help="Show a traceback of each error.")
def root_command(debug: bool) -> None:
    """Filter cameras and videos with convolution presets, and score the edges of every frame.

    A SOURCE is a camera (0), a stream (rtsp://..., http://...), a video file, an image, a folder of images, a glob,
    sample:webcam, or standard input (-).
    """


def main() -> None:
    """Run the command line and exit with its code."""
    _replace_closed_streams()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would flush again at exit and print a second error: send what is buffered to the null device.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or report_error(error)
    if is_blocked_thread_left():
        # A driver or a server still blocks a thread. Shutting the interpreter down around it can abort the process;
        # all output is written, so the process can just end.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _replace_closed_streams() -> None:
    """Send messages to standard streams that are closed (``>&-``) nowhere, and keep their place from other files.

    An output on standard output still fails: the null device is open for reading only.
    """
    closed = [number for number, name in enumerate(_STREAMS) if getattr(sys, name) is None]
    for number in closed:
        opened = os.open(os.devnull, os.O_RDONLY)
        if opened == number:
            os.set_inheritable(opened, True)
        else:
            os.dup2(opened, number)
            os.close(opened)
    for number in closed:  # Only now, so that these files do not take the numbers of the others.
        mode = "w" if number else "r"
        setattr(sys, _STREAMS[number], open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, it stays open.


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; errors are one line on standard error."""
    try:
        code = root_command.main(arguments, prog_name="livefilter", standalone_mode=False)
    except click.ClickException as error:
        _show_usage(error)
        return USAGE
    except (click.Abort, KeyboardInterrupt) as error:
        return report_error(error)
    return code if isinstance(code, int) else DONE


def _show_usage(error: click.ClickException) -> None:
    """Print in one line what is wrong with the arguments; without arguments, print the help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or type(error).__name__ == "NoArgsIsHelpError":  # Of that name since click 8.2.
        error.show()
        return
    message = " ".join(error.format_message().split()).removesuffix(".")
    click.echo(f"{context.command_path}: {message} ('{context.command_path} --help' shows what there is)", err=True)
