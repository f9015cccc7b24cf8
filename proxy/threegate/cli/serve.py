"""`threegate serve`: the options of the proxy. `serving` runs it."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from threegate.settings import CHOICES


def arguments(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--upstream", help="URL of the model API; without it a demo model answers")
    serve.add_argument("--host", help="address to listen on; default 127.0.0.1")
    serve.add_argument("--port", type=int, help="port to listen on; default 8080")
    serve.add_argument("--pack", action="append", dest="packs", help="policy pack; repeatable")
    serve.add_argument("--policies", type=Path)
    serve.add_argument("--models", type=Path)
    serve.add_argument("--var", type=Path, help="folder for audit, keys and state")
    serve.add_argument("--classifiers", choices=["required", "off"])
    serve.add_argument("--workers", type=int, help="processes that share the port; default 1")
    serve.add_argument("--worker", help=argparse.SUPPRESS)  # set by the supervisor
    serve.add_argument(
        "--log-format", choices=CHOICES["log_format"], help="format of the server's own log"
    )
    serve.add_argument("--config", type=Path)
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    if not os.isatty(0):
        # Until the server handles it: `systemctl reload` would end a start, and systemd takes that
        # for a clean end.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from threegate.cli import serving

    return serving.run(args)
