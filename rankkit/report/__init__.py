"""One head in; one self-contained page and its numbers out."""

from rankkit.report.study import Study, study
from rankkit.report.write import Report, write_report

__all__ = ["Report", "Study", "study", "write_report"]
