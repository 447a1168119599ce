#!/usr/bin/env bash
# A search in inverted lists that FAISS maps from a file starts threads that read ahead, though one thread was asked for.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check faiss-cpu==1.15.1 numpy==2.4.6
"$place/venv/bin/python" - "$place" <<'PYTHON'
import sys
import threading
from pathlib import Path

import faiss
import numpy as np

SEARCHES = 50
faiss.omp_set_num_threads(1)
rows = np.random.default_rng(1).standard_normal((50_000, 64)).astype(np.float32)
made = faiss.index_factory(64, "IVF64,Flat")
made.train(rows[:10_000])
made.add(rows)
file = f"{sys.argv[1]}/lists.faiss"
faiss.write_index(made, file)


def newest():
    """The number that the system gives the next thread; it counts up, through all processes, and begins again at pid_max."""
    number = []
    thread = threading.Thread(target=lambda: number.append(threading.get_native_id()))
    thread.start()
    thread.join()
    return number[0]


def started(ahead=None):
    """Threads that the system started during the searches, and how many FAISS reads ahead with as it comes."""
    index = faiss.read_index(file, faiss.IO_FLAG_MMAP)
    lists = faiss.downcast_InvertedLists(index.invlists)
    index.nprobe, default = 64, lists.prefetch_nthread
    if ahead is not None:
        lists.prefetch_nthread = ahead
    before = newest()
    for row in rows[:SEARCHES]:
        index.search(row[None], 10)
    return (newest() - before) % int(Path("/proc/sys/kernel/pid_max").read_text()), default


as_it_comes, default = started()
turned_off, _ = started(ahead=0)
print(f"faiss {faiss.__version__}")
print("expected: searches with omp_set_num_threads(1) start no threads")
print(f"seen: {as_it_comes} threads and processes begun during {SEARCHES} searches, {turned_off} once prefetch_nthread is 0 and not {default}")
sys.exit(not (as_it_comes >= SEARCHES * default and turned_off < SEARCHES))
PYTHON
