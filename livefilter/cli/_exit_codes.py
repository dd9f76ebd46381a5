"""Exit codes, and the code and the message of each error.

The package's docstring lists the codes. Messages go to standard error, in one line.
"""

from __future__ import annotations

import errno

import click

from livefilter.errors import DisplayError, LivefilterError, SinkError, SourceError

DONE, BUG, USAGE, INPUT, OUTPUT, LOSS, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def report_error(error: BaseException) -> int:
    """Print an error in one line and return its exit code."""
    if isinstance(error, BrokenPipeError):
        return DONE  # The program that reads our output has closed it, as `head` does: nothing went wrong.
    code, message = exit_code_and_message(error)
    click.echo(f"livefilter: {message}", err=True)
    print_notes(error)
    return code


def print_notes(error: BaseException) -> None:
    """Print what became of the outputs, as noted on an error, in a line each."""
    for note in getattr(error, "__notes__", ()):
        click.echo(f"livefilter: {note}", err=True)


def exit_code_and_message(error: BaseException) -> tuple[int, str]:
    """Return the exit code of an error and its message, in one line."""
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
    found = f"{type(error).__name__}: {error}"
    return BUG, f"a bug: {found}; run 'livefilter --debug ...' for a traceback, and please report it"
