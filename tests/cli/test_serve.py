"""The start of the server, as far as it needs none of its parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE_S


def test_a_reload_during_the_start_does_not_end_it(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    os.mkfifo(settings)
    command = [sys.executable, "-m", "threegate", "serve", "--config", str(settings)]
    pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:  # type: ignore[call-overload]
        with settings.open("w") as written:  # once the program reads
            process.send_signal(signal.SIGHUP)
            written.write("prot: 8080")
        assert process.wait(PATIENCE_S) == 2
        assert "prot" in process.stderr.read()
