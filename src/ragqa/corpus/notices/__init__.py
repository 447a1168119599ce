"""What was published about a paper after it appeared, brought into the records of the corpus, and records brought up to date.

A notice is only ever added: a paper listed as reinstated is reported, and stays as it is until a person has looked
(docs/decisions/0013-notices.md).

    applying      a list, or PubMed itself, to the records that it touches
    amendments    what changes in one record
    rewriting     files of abstracts written anew
    report        what was done, in lines for a reader
"""

from ragqa.corpus.notices.applying import Applied, Touched, apply_notices, fetch_records, refresh_notices
from ragqa.corpus.notices.report import report

__all__ = ["Applied", "Touched", "apply_notices", "fetch_records", "refresh_notices", "report"]
