"""The ``livefilter`` command: its subcommands, each loaded when it is used, and what errors become."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from livefilter import __version__
from livefilter.errors import DisplayError, LivefilterError, SinkError, SourceError

DONE, BUG, USAGE, INPUT, OUTPUT, LOSS, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_COMMANDS = ("demo", "process", "score", "preview", "presets", "explain", "bench", "cache", "doctor")


class LazyGroup(click.Group):
    """A group whose commands are imported by name: ``livefilter.cli._NAME.command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; None if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"livefilter.cli._{cmd_name}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="livefilter")
@click.option("--debug", is_flag=True, envvar="LIVEFILTER_DEBUG", help="Show a traceback when something fails.")
def livefilter(debug: bool) -> None:
    """Filter cameras and videos with convolution presets, and score the edges of every frame.

    A SOURCE is a camera (0), a video file, a picture, a folder of pictures, a glob, or synthetic:webcam.
    """


def main() -> None:
    """Run the command line and exit with its code."""
    is_debugging = "--debug" in sys.argv or bool(os.environ.get("LIVEFILTER_DEBUG"))
    sys.exit(run(sys.argv[1:], is_debugging=is_debugging))


def run(arguments: list[str], *, is_debugging: bool = False) -> int:
    """Run the command line and return its exit code; errors are one line on standard error."""
    try:
        code = livefilter.main(arguments, prog_name="livefilter", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output closed it. Python would complain at exit, when it flushes what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except LivefilterError as error:
        if is_debugging:
            traceback.print_exc()
        click.echo(f"livefilter: {error}", err=True)
        return _code(error)
    except Exception as error:
        if is_debugging:
            traceback.print_exc()
        click.echo(
            f"livefilter: a bug: {type(error).__name__}: {error} (--debug shows where; please report it)", err=True
        )
        return BUG
    return code if isinstance(code, int) else DONE


def _code(error: LivefilterError) -> int:
    if isinstance(error, SinkError):
        return OUTPUT
    return INPUT if isinstance(error, SourceError | DisplayError) else USAGE
