"""The heap of a long-lived process: what the collector need not scan, and what the allocator keeps."""

import ctypes
import gc
from typing import Final

NEW_OBJECTS: Final = 20_000
"""How many more containers than were freed are made before the collector looks at them: a few megabytes."""

KEPT_BYTES: Final = 16 << 20
"""The most freed memory at the end of the heap that the process keeps for its next arrays."""

LARGEST_KEPT_BYTES: Final = 4 << 20
"""Only a larger array has pages of its own, which go back as soon as it is freed."""

# Parameters of glibc's mallopt, from malloc.h.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3


def settle_heap() -> None:
    """Exclude all current objects from garbage collection, collect the others less often, and keep the memory
    of freed arrays.

    The objects are modules, classes, settings and pools: a few hundred thousand. A full collection that
    scanned them stopped a web process for 55 ms, and a worker for 15 ms. With Python's threshold of 700 new
    objects, the rows of one search of 2,000 cars began ten collections, for 3.6 ms; reference counts free
    nearly all of them anyway.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Let the allocator reuse the memory of freed arrays; return whether it is one that can be told so.

    By default glibc returns the memory of an array of some 100 KB to the kernel as soon as it is freed, and
    the next array of that size takes a page fault for each of its pages. A search of 2,000 cars took 2,000
    page faults in the web process and as many in each worker, and a tenth to a quarter of the processor time
    of both. Other C libraries have no such parameters, and nothing changes with them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    trims: bool = mallopt(_TRIM_THRESHOLD, KEPT_BYTES) == 1
    return trims and bool(mallopt(_MMAP_THRESHOLD, LARGEST_KEPT_BYTES) == 1)
