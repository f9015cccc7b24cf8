from __future__ import annotations

import os
import threading

from threegate.random_pool import POOL_BYTES, random_bytes


def test_bytes_are_given_out_once() -> None:
    drawn = [random_bytes(16) for _ in range(2 * POOL_BYTES // 16)]
    assert all(len(d) == 16 for d in drawn)
    assert len(set(drawn)) == len(drawn)
    assert len(random_bytes(2 * POOL_BYTES)) == 2 * POOL_BYTES


def test_a_forked_process_and_another_thread_draw_their_own() -> None:
    random_bytes(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(16))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 16)
    others = list[bytes]()
    thread = threading.Thread(target=lambda: others.append(random_bytes(16)))
    thread.start()
    thread.join()
    os.close(reading)
    os.close(writing)
    assert len({random_bytes(16), theirs, *others}) == 3
