"""The command line. Begin reading in `_main`; each command has a file, or a package, of its own.

Commands import the rest of livefilter only when they run, so that ``livefilter --help`` is instant.
`_source_options` and `_process_options` hold the options that commands share, `_options` puts options into groups in
the help, `_shared` has signals and the report at the end, `_batch` many inputs at once, `_exit_codes` the errors.

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

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports
from livefilter.cli._exit_codes import exit_code_and_message
from livefilter.cli._main import main, root_command, run

if TYPE_CHECKING:
    from livefilter.cli._batch import ProgressBars, progress_bars, report_results
    from livefilter.cli._progress import format_remaining, make_bar
    from livefilter.cli._shared import compare_option, file_stem, report_summary, stopping_on_signal
    from livefilter.cli._source_options import rate, size, source_options
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_batch": ["ProgressBars", "progress_bars", "report_results"],
            "_progress": ["format_remaining", "make_bar"],
            "_shared": ["compare_option", "file_stem", "report_summary", "stopping_on_signal"],
            "_source_options": ["rate", "size", "source_options"],
        },
    )

__all__ = [
    "ProgressBars",
    "compare_option",
    "exit_code_and_message",
    "file_stem",
    "format_remaining",
    "main",
    "make_bar",
    "progress_bars",
    "rate",
    "report_results",
    "report_summary",
    "root_command",
    "run",
    "size",
    "source_options",
    "stopping_on_signal",
]
