"""Runs a program without a network under strace and reports what it reached for.

The program gets an empty network namespace with loopback only, a fresh HOME and nothing of this
process's environment, so that no setting of the tests can hide what a first start does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = "connect,sendto,sendmsg,sendmmsg,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2"
ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
WRITTEN = re.compile(r'(?:open|openat|creat)\([^"]*"([^"]+)", [^)]*(?:O_WRONLY|O_RDWR|O_CREAT)')
MADE = re.compile(r'(?:mkdir|mkdirat|rename\w*)\([^"]*"([^"]+)"')
RESOLVER = ("/etc/resolv.conf", "/run/systemd/resolve", "/run/dbus")
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
SCRATCH = ("/dev/", "/proc/", "/tmp/threegate-metrics-")


@dataclass(frozen=True)
class Contacts:
    """What a program reached for; all empty for one that keeps to itself."""

    addresses: frozenset[str]  # beyond loopback, and port 53 anywhere
    lookups: frozenset[str]  # files and sockets of name resolution
    written: frozenset[str]  # files and folders outside its work folder

    def __bool__(self) -> bool:
        return bool(self.addresses or self.lookups or self.written)


def available() -> str:
    """Why nothing can be spied on here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is missing"
    tried = subprocess.run([*_isolated(), "true"], capture_output=True, text=True)
    return tried.stderr.strip()


def needed() -> pytest.MarkDecorator:
    """CI installs what is needed, so there a missing part is a failure."""
    missing = "" if os.environ.get("CI") else available()
    return pytest.mark.skipif(bool(missing), reason=missing)


def ran(work: Path, program: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """The exit status of `program` under the spy in the folder `work`; `contacts` reads what it
    did, the file `out` holds what it printed."""
    (work / "home").mkdir(exist_ok=True)
    wanted = {
        "PATH": os.environ["PATH"],
        "HOME": str(work / "home"),
        "PYTHONPATH": os.pathsep.join((str(ROOT / "proxy"), str(ROOT / "classifiers"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(work),
        **(environment or {}),
    }
    trace = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(work / "trace"), "-e", CALLS, "--"]
    with (work / "out").open("w") as out:
        return subprocess.run(
            [*_isolated(), *trace, *program],
            cwd=work,
            env=wanted,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=600,
        ).returncode


def threegate(*words: str) -> list[str]:
    return [sys.executable, "-m", "threegate", *words]


def contacts(work: Path) -> Contacts:
    trace = (work / "trace").read_text("utf-8", errors="replace").splitlines()
    return Contacts(
        frozenset(_addresses(trace)),
        frozenset(place for line in trace for place in RESOLVER if f'"{place}' in line),
        frozenset(_written(trace, work)),
    )


def _addresses(trace: Sequence[str]) -> Iterator[str]:
    for line in trace:
        for port, host in ADDRESS.findall(line):
            if host not in LOOPBACK or port == "53":
                yield f"{host}:{port}"


def _written(trace: Sequence[str], work: Path) -> Iterator[str]:
    for line in trace:
        if "= -1" in line:
            continue
        for path in (*WRITTEN.findall(line), *MADE.findall(line)):
            full = os.path.join(work, path)
            inside = full.startswith(f"{work}/") and not full.startswith(f"{work}/home")
            if not inside and not full.startswith(SCRATCH):
                yield full


def _isolated() -> list[str]:
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    loopback = 'ip link set lo up && exec "$@"'
    return ["unshare", *root, "--net", "sh", "-c", loopback, "sh"]
