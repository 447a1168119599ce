"""What each file of a corpus held when it was last read, kept beside the index: a build reads again only what changed.

    indexes/<name>/catalogue.sqlite     per file its stamp; per source its place, its digest and what the gate must know

An article is read every time: its stamp is the SHA-256 of its bytes. A file of abstracts whose stamp (device, inode, size,
times of change of content and of status, in nanoseconds) is as it was is not opened; any other is compared with what was read
before, line by line by SHA-256, and only lines that stood nowhere before are parsed. What a stamp proves:
``docs/decisions/0018-growing.md``. A file with a fault has no stamp, so that it is looked at, and told of, every time. The
catalogue holds places, not records: ``record`` reads the corpus itself and refuses what is no longer what was catalogued.

    catalogue      the catalogue as a build uses it: brought up to date, the gate's decisions, the records
    reading        one reading of what changed
    crosscheck     what only all files together show
    sources        the SQLite file
    stamps, lines  whether a file changed; the lines of one and where they stand
    findings       faults and progress of one reading
"""

from ragqa.corpus.catalogue.catalogue import Catalogue, Decision
from ragqa.corpus.catalogue.findings import Progress
from ragqa.corpus.catalogue.sources import CATALOGUE

__all__ = ["CATALOGUE", "Catalogue", "Decision", "Progress"]
