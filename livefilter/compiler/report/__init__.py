"""What ``livefilter explain --plan`` shows: passes, strategies and counted instructions of a compiled preset.

Begin with ``_plan_report``. Nothing else in the compiler needs this package.
"""

from livefilter.compiler.report._instruction_counts import AssemblySummary, assembly_summary
from livefilter.compiler.report._plan_report import PassReport, SumReport, describe

__all__ = ["AssemblySummary", "PassReport", "SumReport", "assembly_summary", "describe"]
