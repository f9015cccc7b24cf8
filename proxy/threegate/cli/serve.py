"""`threegate serve`: the options of the proxy. `serving` runs it."""

from __future__ import annotations

import argparse
import os
import signal


def serve_command(args: argparse.Namespace) -> int:
    if not os.isatty(0):
        # Until the server handles it: `systemctl reload` would end a start, and systemd takes that
        # for a clean end.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from threegate.cli import serving

    return serving.run(args)
