"""The allocator keeps the memory of freed arrays: the next ones take no page faults."""

import platform
import subprocess
import sys

ROUNDS, ARRAYS, WORDS = 50, 8, 25_000
PAGES = ROUNDS * ARRAYS * WORDS * 8 // 4_096
"""What so many arrays take if each has new pages."""

COUNT = f"""
import resource
import numpy as np
from server.observe.heap import settle_heap

SETTLE
def fill() -> None:
    arrays = [np.ones({WORDS}, dtype=np.int64) for _ in range({ARRAYS})]

fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(*, settled: bool) -> int:
    """Return the page faults of a process that makes and frees arrays."""
    code = COUNT.replace("SETTLE", "settle_heap()" if settled else "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_freed_memory_is_used_again() -> None:
    """A settled process takes new pages for its first arrays only, if the C library can be told so."""
    faults = page_faults(settled=True)
    if platform.libc_ver()[0] == "glibc":
        assert faults < PAGES // 100
        assert page_faults(settled=False) > PAGES // 4
    else:
        assert faults <= 2 * PAGES


def test_new_objects_are_collected_seldom() -> None:
    """Rows of a search, which are no garbage, begin no collection."""
    code = """
import gc
from server.observe.heap import NEW_OBJECTS, settle_heap

settle_heap()
before = gc.get_stats()[0]["collections"]
rows = [(number,) for number in range(NEW_OBJECTS // 2)]
print(gc.get_stats()[0]["collections"] - before, gc.get_freeze_count() > 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]
