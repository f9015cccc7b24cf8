"""The runs of `scripts/test` in several processes: what failed is told, also where a process died."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = {
    "test_a.py": "import os\ndef test_dies(): os.kill(os.getpid(), 9)\ndef test_next(): pass\n",
    "test_b.py": "def test_fails():\n    print('seen')\n    assert 1 == 2\n"
    "def test_passes(tmp_path): (tmp_path / 'file').touch()\n",
}


def test_every_test_is_told_of_also_where_a_process_died(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.workers", "--workers", "2"]
    ran = subprocess.run(
        [*command, f"--basetemp={tmp_path}/temp", "--rootdir", str(tmp_path), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "3 failed, 1 passed" in ran.stdout
    for failed in ("test_a.py::test_dies", "test_a.py::test_next", "test_b.py::test_fails"):
        assert f"{failed}\n" in ran.stdout.partition("short test summary")[2]
    for text in ("its process has ended", "the process ended before this test", "assert 1 == 2"):
        assert text in ran.stdout
    assert "seen" in ran.stdout.partition("Captured stdout call")[2]
