"""What the console serves as it is: the bundle of others is the one whose sum and licence are
there, and nothing asks anybody else for anything."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import threegate.console

from tests.console.conftest import Site
from tests.e2e.support.running import ROOT

STATIC = Path(threegate.console.__file__).parent / "static"
SCRIPTS = ROOT / "scripts"
BUNDLES = {"codemirror": ("codemirror.js",), "uplot": ("uplot.js", "uplot.css")}
"""What a package of `scripts` makes."""


@pytest.mark.parametrize("name", BUNDLES)
def test_the_bundle_is_the_one_that_was_built(name: str) -> None:
    told = (STATIC / f"{name}.LICENSE.txt").read_text("utf-8")
    for file in BUNDLES[name]:
        digest = hashlib.sha256((STATIC / file).read_bytes()).hexdigest()
        assert re.search(rf"^sha256 {digest}(  {file})?$", told, re.M)
    assert "Permission is hereby granted, free of charge" in told
    lock = json.loads((SCRIPTS / name / "package-lock.json").read_text("utf-8"))["packages"]
    versions = {
        name.removeprefix("node_modules/"): spec["version"]
        for name, spec in lock.items()
        if name and not spec.get("dev")
    }
    said = dict(re.findall(r"^(\S+) (\d+\.\d+\.\d+)$", told, re.M))
    assert {**said} == {name: versions[name] for name in said}
    assert not {n for n in versions if n not in said and "esbuild" not in n}


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda p: p.name)
def test_no_script_asks_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"(fetch|import)\(['\"`]https?:", text)
    assert "eval(" not in text
    assert "new Function" not in text


def test_only_the_editor_loads_the_bundle(site: Site) -> None:
    editor = site.who("editor", name="bundled")
    assert "codemirror.js" in editor.get("/policies/edit/base").text
    for page in ("/policies", "/policies/draft", "/policies/rule/base.pii.email/form"):
        assert "codemirror.js" not in editor.get(page).text
    answer = editor.get("/static/codemirror.js")
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
