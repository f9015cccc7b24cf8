"""Names put before values, each on a line of its own, a value that wants it in quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from threegate.normalize.arrays import Ints, Mask, codes_of, gathered
from threegate.normalize.view import FEW, Edit, View, replaced, spliced


@dataclass(frozen=True, slots=True)
class Values:
    """In order: what goes before each from `place` to `begin`, where it ends, the number of its
    name, whether it stands first in its line and whether it wants quotes."""

    place: Ints
    begin: Ints
    end: Ints
    number: Ints
    leads: Mask
    quoted: Mask


def labelled(source: View, name: str, values: Values, names: Sequence[str]) -> View:
    """All that is put in is pieces of one string; a few edits are told one by one."""
    if len(values.place) < FEW:
        return replaced(source, name, [*_edits(values, names)])
    said = [f'\n{each}："' for each in names]
    sizes = np.array([*map(len, said)])
    first = (np.cumsum(sizes) - sizes)[values.number] + values.leads
    size = sizes[values.number] - values.leads - ~values.quoted
    both = np.stack((np.ones_like(values.quoted), values.quoted), 1)

    def edits(opening: Ints, closing: Ints) -> Ints:
        merged: Ints = np.stack((opening, closing), 1)[both]
        return merged

    place, stop = edits(values.place, values.end), edits(values.begin, values.end)
    first = edits(first, np.full_like(first, sizes[0] - 1))
    size = edits(size, np.ones_like(size))
    return spliced(source, name, place, stop, size, codes_of("".join(said))[gathered(first, size)])


def _edits(values: Values, names: Sequence[str]) -> Iterator[Edit]:
    columns = (values.place, values.begin, values.end, values.number, values.leads, values.quoted)
    for place, begin, end, number, leads, quoted in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        quote = '"' if quoted else ""
        yield place, begin, f"{'' if leads else chr(10)}{names[number]}：{quote}"
        if quoted:
            yield end, end, quote
