"""Knowledge: the documents that the fact check compares answers with, and which rules do so.

Pure. A document is one file of the policy; a base is a named set of them in a pack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from threegate.console.content.files import NAME
from threegate.console.content.own_detectors import without
from threegate.console.errors import refusal
from threegate.console.forms.rule_form import define, dumped, opened
from threegate.console.yaml_values import flow
from threegate.policy.language.load import Bundle
from threegate.policy.schema import Pack, Rule

ALL = "knowledge"
"""The source name that stands for every base."""
LONGEST_NAME = 80
SUFFIXES = (".md", ".txt")


@dataclass(frozen=True, slots=True)
class Document:
    """`name` is the file's, with its ending."""

    path: str
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def title(self) -> str:
        """The first non-empty line, without a heading mark."""
        lines = (line.strip().lstrip("#").strip() for line in self.text.splitlines())
        return next((line for line in lines if line), self.name)


@dataclass(frozen=True, slots=True)
class Base:
    name: str
    pack: str
    documents: tuple[Document, ...] = ()
    used: tuple[str, ...] = ()
    """Ids of the rules that check answers against it."""


def bases_of(bundle: Bundle) -> list[Base]:
    return [
        Base(str(name), pack.pack, _documents(bundle, spec.files), _users(bundle, str(name)))
        for pack in bundle.packs
        for name, spec in pack.knowledge.items()
    ]


def _documents(bundle: Bundle, files: Iterable[str]) -> tuple[Document, ...]:
    return tuple(Document(str(path), bundle.text(path)) for path in files)


def _users(bundle: Bundle, name: str) -> tuple[str, ...]:
    wanted = {ALL, f"{ALL}/{name}"}
    return tuple(
        rule.id
        for rule in checks_of(bundle.packs)
        if rule.detect.claims and wanted.intersection(rule.detect.claims.sources)
    )


def checks_of(packs: Iterable[Pack]) -> list[Rule]:
    """The rules that check facts."""
    every = (rule for pack in packs for rule in pack.rules if isinstance(rule, Rule))
    return [rule for rule in every if rule.detect.claims is not None]


def document_path(name: str) -> str:
    """The file of a document, with `.md` if it has no extension; spaces and symbols become hyphens.
    Raises ConsoleError if no name is left."""
    name = re.sub(r"[^\w.-]+", "-", name).strip("-._")
    if not name or len(name) > LONGEST_NAME:
        raise refusal("document")
    return f"knowledge/{name if name.endswith(SUFFIXES) else name + '.md'}"


def with_files(text: str, name: str, files: Iterable[str]) -> str:
    """The pack with the documents of a base; a base without documents is gone. Raises
    ConsoleError."""
    if not NAME.fullmatch(name):
        raise refusal("name")
    document, paths = opened(text), list(dict.fromkeys(files))
    if paths:
        define(document, "knowledge", name, {"files": paths})
        flow(document["knowledge"][name])
        return dumped(document)
    return without(text, "knowledge", name)
