from __future__ import annotations

import os
import platform
import re
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, re, threading
from threegate.server import memory

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])

def use():
    made = [bytes(9_000 + n) for n in range(4_000)]
    together.wait()
    kept.append(made[::500])

memory.limit_arenas()
kept, together = [], threading.Barrier(8)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
before = resident()
memory.trim()
print(before, resident(), flush=True)
ctypes.CDLL(None).malloc_stats()
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")


def test_threads_share_two_arenas_and_what_they_freed_goes_back() -> None:
    """Each of eight threads had an arena of its own, with what it had freed: 300 MiB here."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    before, after = map(int, done.stdout.split())
    assert len(re.findall(rb"^Arena \d+:", done.stderr, re.M)) == 2
    assert after < before / 4


def test_the_operators_own_setting_stays() -> None:
    environment = {**os.environ, "MALLOC_ARENA_MAX": "5"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=environment
    )
    assert len(re.findall(rb"^Arena \d+:", done.stderr, re.M)) == 5
