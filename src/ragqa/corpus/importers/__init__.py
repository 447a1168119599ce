"""Foreign formats to corpus records: PubMed XML, MEDLINE/nbib text and BEIR JSON Lines, plain or gzipped; lists of notices.

formats                   which format a file has, read off its content
pubmed, medline, beir     one format each
ncbi                      PubMed over the network
importing                 a file's records written into a corpus
lists                     lists of retractions, concerns and corrections: PubMed's records, numbers, JSON Lines,
retraction_watch          and the CSV of Retraction Watch
listed                    what such a list says of one paper
fields, streams           values cleaned, files streamed
"""

from ragqa.corpus.importers.formats import import_file

__all__ = ["import_file"]
