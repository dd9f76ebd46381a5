"""The command line. Begin reading in `_main`; each command has a file, or a package, of its own.

Commands import the rest of livefilter only when they run, so that ``livefilter --help`` is instant.
`_source_options` and `_job_options` hold the options that commands share, `_options` puts options into groups in the
help, `_shared` has signals and the report at the end, `_batch` many inputs at once, `_exit_codes` the errors.

Exit codes:

0    done
1    a bug
2    a wrong option, preset or kernel
3    the input cannot be opened or read, or there is no display
4    the output cannot be written
5    done, but something was lost; a message says what
130  interrupted; the output is finished and playable
"""

from __future__ import annotations

from livefilter.cli._exit_codes import exit_code_and_message
from livefilter.cli._main import main, root_command, run

__all__ = ["exit_code_and_message", "main", "root_command", "run"]
