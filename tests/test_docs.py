"""The pages lead somewhere: files and headings that are linked exist, in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from threegate import settings

ROOT = Path(__file__).parents[1]
FOLDERS = (".", "docs", "docs/decisions", "docker", "policies")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
CHINESE = ".zh-CN.md"
OTHER_LANGUAGE = ("English", "英文页", "audit.md")
"""What a Chinese page calls its English twin."""


def links(page: Path) -> list[tuple[str, Path, str]]:
    """(text, file, heading) of what a page leads to within the repository."""
    found = LINK.findall(page.read_text("utf-8"))
    inside = [(t, *to.partition("#")) for t, to in found if "://" not in to]
    return [(t, (page.parent / file if file else page).resolve(), h) for t, file, _, h in inside]


def headings(page: Path) -> set[str]:
    """As GitHub names them."""
    lines = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere_in_the_same_language(page: Path) -> None:
    for text, file, heading in links(page):
        assert file.exists(), file
        if heading and file.suffix == ".md":
            assert heading in headings(file), f"{file.name}#{heading}"
        twin = file.with_name(file.name.replace(".md", CHINESE))
        english = file.suffix == ".md" and not file.name.endswith(CHINESE) and twin.exists()
        if page.name.endswith(CHINESE) and english:
            assert text in OTHER_LANGUAGE, f"{text}: there is {twin.name}"


def test_a_page_and_its_twin_have_the_same_parts() -> None:
    for page in PAGES:
        twin = page.with_name(page.name.replace(".md", CHINESE))
        if twin != page and twin.exists():
            levels = [re.findall(r"^(#+) ", p.read_text("utf-8"), re.M) for p in (page, twin)]
            assert levels[0] == levels[1], page.name


SETTINGS = re.compile(r"```yaml\n(.*?)```", re.S)


@pytest.mark.parametrize("name", ["operate", "upstreams", "service"])
def test_settings_on_the_pages_load_and_say_the_same_in_both_languages(
    name: str, tmp_path: Path
) -> None:
    loaded = []
    for page in (f"{name}.md", f"{name}{CHINESE}"):
        blocks = SETTINGS.findall((ROOT / "docs" / page).read_text("utf-8"))
        assert blocks
        for number, block in enumerate(blocks):
            file = tmp_path / f"{page}.{number}.yaml"
            file.write_text(block, "utf-8")
            loaded.append(settings.load(environment={}, file=file))
    half = len(loaded) // 2
    assert loaded[:half] == loaded[half:]


@pytest.mark.parametrize("page", ["operate.md", f"operate{CHINESE}"])
def test_every_setting_is_on_the_page(page: str) -> None:
    told = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / page).read_text("utf-8")))
    assert {name for name in settings.KNOWN if name not in told} == set()


CODE_PATH = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.py)`")


@pytest.mark.parametrize("page", ["architecture.md", f"architecture{CHINESE}"])
def test_every_file_named_in_the_walk_exists(page: str) -> None:
    named = CODE_PATH.findall((ROOT / "docs" / page).read_text("utf-8"))
    assert len(named) > 30
    roots = (ROOT, ROOT / "proxy" / "threegate")
    assert [path for path in named if not any((root / path).exists() for root in roots)] == []


CHECKED = re.compile(r"`((?:tests|scripts|bench)/[\w./-]+)(?:::(\w+))?`")


def test_every_check_names_a_test_that_exists() -> None:
    """The pages of both languages name the same ones, in 34 rows of checks and those of holes."""
    pages = [(ROOT / "docs" / name).read_text("utf-8") for name in ("checks.md", "checks.zh-CN.md")]
    english, chinese = (
        [CHECKED.findall(line) for line in page.splitlines() if re.match(r"\| H?\d+ ", line)]
        for page in pages
    )
    assert english == chinese
    assert len(re.findall(r"^\| \d+ ", pages[0], re.M)) == 34
    assert all(english)
    for path, name in (pair for row in english for pair in row):
        text = (ROOT / path).read_text("utf-8")
        assert not name or f"def {name}(" in text, f"{path}::{name}"


@pytest.mark.parametrize("page", ["models.md", "models.zh-CN.md"])
def test_commands_name_models_that_are_shipped(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    commands = re.findall(r"`(?:python classifiers/train/)?\w+\.py ([^`]*)`", text)
    models = {name for words in commands for name in re.findall(r"[\w-]+/\d+", words)}
    assert {m for m in models if not (ROOT / "classifiers/models" / m).is_dir()} == set()
    assert models
