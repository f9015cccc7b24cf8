#!/usr/bin/env python3
"""Runs the steps of a Dockerfile in clean root folders, where there is no container engine.

    sudo docker/steps.py --base ROOT --into FOLDER [docker/Dockerfile]

ROOT stands for every image that a FROM names: for `python:3.11-slim-trixie` a Debian made by
debootstrap with a Python in /usr/local. Each stage becomes a folder; the last one's path and size
are printed. FROM, RUN, COPY, ENV, USER and WORKDIR are done as they are written; the rest describes
the container and is left out. The network is the host's.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

CONTEXT = Path(__file__).parents[1]
PASSED = ("PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")
LEFT_OUT = ("EXPOSE", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL", "STOPSIGNAL")


@dataclass
class Stage:
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def path(self, written: str) -> Path:
        """A path inside the image as a path out here."""
        return self.root / os.path.join(self.folder, written).lstrip("/")

    def run(self, command: str) -> None:
        passed = {k: os.environ[k] for k in PASSED if k in os.environ}
        path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        wanted = {"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", **passed, **self.environment}
        inside = f"cd {shlex.quote(self.folder)} && {command}"
        subprocess.run(["chroot", self.root, "sh", "-ec", inside], env=wanted, check=True)


@dataclass
class Build:
    base: Path
    into: Path
    stages: dict[str, Stage] = field(default_factory=dict)
    user: str = "0"

    @property
    def stage(self) -> Stage:
        return list(self.stages.values())[-1]

    def do(self, verb: str, rest: str) -> None:
        match verb:
            case "FROM":
                self.begin(rest)
            case "RUN":
                self.stage.run(rest)
            case "COPY":
                self.copy(rest.split())
            case "ENV":
                self.stage.environment |= dict(w.split("=", 1) for w in shlex.split(rest))
                self.expand()
            case "WORKDIR":
                self.stage.folder = rest
                self.stage.path(".").mkdir(parents=True, exist_ok=True)
            case "USER":
                self.user = rest
            case _ if verb not in LEFT_OUT:
                raise SystemExit(f"unknown step {verb}")

    def begin(self, rest: str) -> None:
        name = rest.partition(" AS ")[2] or f"stage{len(self.stages)}"
        root = self.into / name
        subprocess.run(["cp", "-a", "--reflink=auto", self.base, root], check=True)
        self.stages[name] = Stage(root)
        self.user = "0"

    def expand(self) -> None:
        path = self.stage.environment.get("PATH", "")
        usual = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        if path:
            self.stage.environment["PATH"] = path.replace("$PATH", usual)

    def copy(self, words: list[str]) -> None:
        source: Path = CONTEXT
        skipped: tuple[str, ...] = ("__pycache__",)  # as .dockerignore says
        if words[0].startswith("--from="):
            source, skipped = self.stages[words.pop(0).removeprefix("--from=")].root, ()
        *names, to = words
        target = self.stage.path(to)
        for name in names:
            origin = source / name.lstrip("/")
            if origin.is_dir():
                skip = shutil.ignore_patterns(*skipped)
                shutil.copytree(origin, target, symlinks=True, ignore=skip, dirs_exist_ok=True)
            else:
                place = target / origin.name if to.endswith("/") else target
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, place)


def steps(text: str) -> list[tuple[str, str]]:
    """(verb, rest) of each step; continued lines are one, comments are none."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", kept)
    return [(v, r.strip()) for v, _, r in (s.partition(" ") for s in joined.splitlines() if s)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--base", type=Path, required=True)
    options.add_argument("--into", type=Path, required=True)
    options.add_argument("dockerfile", type=Path, nargs="?", default=CONTEXT / "docker/Dockerfile")
    given = options.parse_args()
    given.into.mkdir(parents=True)
    build = Build(given.base.resolve(), given.into.resolve())
    for verb, rest in steps(given.dockerfile.read_text("utf-8")):
        started = time.monotonic()
        build.do(verb, rest)
        print(f"{time.monotonic() - started:6.1f} s  {verb} {rest[:90]}", flush=True)
    root = build.stage.root
    size = subprocess.run(["du", "-sm", root], check=True, capture_output=True, text=True)
    base = subprocess.run(["du", "-sm", given.base], check=True, capture_output=True, text=True)
    print(f"{root}: {size.stdout.split()[0]} MiB, of them {base.stdout.split()[0]} the base")
    print(f"user {build.user}, environment {build.stage.environment}")


if __name__ == "__main__":
    main()
