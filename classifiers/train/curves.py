"""Draw precision over recall of each task on the development split, from `results/*.json`, as one SVG.

python classifiers/train/curves.py        # -> docs/images/precision-recall.svg
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from report import load

OUT = Path(__file__).parent.parent.parent / "docs/images/precision-recall.svg"
SIDE, GAP, TOP = 150, 34, 40
COLOURS = {"zh": "#c0392b", "en": "#2563a8"}
Points = Sequence[tuple[float, float]]


def panels() -> dict[str, dict[str, Points]]:
    """By task, by language: (recall, precision)."""
    found = load("guard").get("dev", {})
    return {
        head: {language: made["curve"] for language, made in languages.items() if "curve" in made}
        for head, languages in found.items()
    }


def drawing(found: dict[str, dict[str, Points]]) -> str:
    width, height = len(found) * (SIDE + GAP) + GAP, TOP + SIDE + GAP
    parts = [part for at, (task, curves) in enumerate(found.items()) for part in panel(at, task, curves)]
    body = "\n".join([*parts, *legend(width, height)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def panel(at: int, task: str, curves: dict[str, Points]) -> Iterator[str]:
    left = GAP + at * (SIDE + GAP)
    yield f'<text x="{left}" y="{TOP - 8}" font-weight="bold">{task}</text>'
    yield f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>'
    for share in (0.5, 0.75):  # the axes run from 0.5 to 1: below, nothing is of use
        place = (share - 0.5) * 2 * SIDE
        yield f'<text x="{left - 26}" y="{TOP + SIDE - place + 4:.0f}" fill="#777">{share:g}</text>'
        yield f'<text x="{left + place - 6:.0f}" y="{TOP + SIDE + 14}" fill="#777">{share:g}</text>'
    for language, points in curves.items():
        path = " ".join(
            f"{left + (max(r, 0.5) - 0.5) * 2 * SIDE:.1f},{TOP + SIDE - (max(p, 0.5) - 0.5) * 2 * SIDE:.1f}"
            for r, p in points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{COLOURS[language]}" stroke-width="1.6"/>'


def legend(width: int, height: int) -> Iterator[str]:
    yield f'<text x="{GAP}" y="{height - 6}" fill="#555">x: recall, y: precision, 0.5 to 1</text>'
    for at, (language, colour) in enumerate(COLOURS.items()):
        yield f'<text x="{width - 80 + at * 36}" y="{height - 6}" fill="{colour}">{language}</text>'


if __name__ == "__main__":
    OUT.write_text(drawing(panels()), encoding="utf-8")
