"""A line plot as SVG text, both axes logarithmic: cost that grows in line is a slope of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT, EDGE = 560, 320, 56
COLOURS = ("#1f6feb", "#cf222e", "#1a7f37", "#9a6700")
Line = Sequence[tuple[float, float]]


def svg(title: str, across: str, up: str, lines: Mapping[str, Line]) -> str:
    """`lines` by name; all values above zero."""
    xs = [x for line in lines.values() for x, _ in line]
    ys = [y for line in lines.values() for _, y in line]
    frame = _Frame(_decades(xs), _decades(ys))
    parts = [_text(WIDTH / 2, 20, title, "middle", 14), _text(WIDTH / 2, HEIGHT - 8, across)]
    parts += [_text(8, 38, up, "start"), *frame.grid()]
    for number, (name, line) in enumerate(lines.items()):
        parts += frame.drawn(name, line, COLOURS[number % len(COLOURS)], number)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    style = 'font-family="sans-serif" style="background:#fff">'
    return "\n".join([f"{head} {style}", *parts, "</svg>\n"])


class _Frame:
    def __init__(self, x: tuple[int, int], y: tuple[int, int]) -> None:
        self.x, self.y = x, y

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[1] - self.y[0])
        return EDGE + across * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)

    def grid(self) -> Iterator[str]:
        for power in range(self.x[0], self.x[1] + 1):
            x, _ = self.at(10.0**power, 10.0 ** self.y[0])
            yield _stroke([(x, EDGE), (x, HEIGHT - EDGE)], "#d0d7de")
            yield _text(x, HEIGHT - EDGE + 16, f"{10.0**power:,g}")
        for power in range(self.y[0], self.y[1] + 1):
            _, y = self.at(10.0 ** self.x[0], 10.0**power)
            yield _stroke([(EDGE, y), (WIDTH - EDGE, y)], "#d0d7de")
            yield _text(EDGE - 6, y + 4, f"{10.0**power:,g}", "end")

    def drawn(self, name: str, line: Line, colour: str, number: int) -> Iterator[str]:
        points = [self.at(x, y) for x, y in line]
        yield _stroke(points, colour, 2)
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        label = _text(EDGE + 10, EDGE + 16 * (number + 1), name, "start")
        yield label.replace("<text", f'<text fill="{colour}"')


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _stroke(points: Sequence[tuple[float, float]], colour: str, width: int = 1) -> str:
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", size: int = 12) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}">{text}</text>'
