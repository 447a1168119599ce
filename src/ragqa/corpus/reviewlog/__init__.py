"""The review log on disk: one event a line, each bound by its ``chain`` to every line before it.

chain        what binds the events, and the one spelling of a line
reading      log and copy, and which of their events can be relied on
recording    events added by one process at a time; what was lost put back
"""

from ragqa.corpus.reviewlog.chain import chained, head_of, log_line
from ragqa.corpus.reviewlog.reading import COPY, LOG, Log, known_log, read_log
from ragqa.corpus.reviewlog.recording import LOCK, append_event, first_copy, mend_log, writing

__all__ = [
    "COPY",
    "LOCK",
    "LOG",
    "Log",
    "append_event",
    "chained",
    "first_copy",
    "head_of",
    "known_log",
    "log_line",
    "mend_log",
    "read_log",
    "writing",
]
