"""Many edits are made by arrays and a few one by one: both make the same view."""

from __future__ import annotations

from random import Random

import pytest
from threegate.normalize import inserted_labels, table_view, trailing_labels
from threegate.normalize.view import View, raw

PIECES = [
    *("hunter22 is my password, ", "use 'sunflower' as the wifi password. ", "851207是门锁密码，"),
    *(
        "\nname,password\nBob,moonlight\nAnn,a1b2c3\n",
        "\nid|pin\n12|345678\n",
        "mumu_0417（微信） ",
    ),
    *("tangerine is the key ", "password. ", "and so on\n"),
]


def told(text: str) -> list[tuple[str, list[list[int]]]]:
    made: list[View] = [trailing_labels.behind(raw(text)), table_view.tabular(raw(text))]
    return [(view.text, view.pieces.tolist()) for view in made]


@pytest.mark.parametrize("seed", range(40))
def test_arrays_make_the_edits_that_are_made_one_by_one(seed: int) -> None:
    draw = Random(seed)
    text = "".join(draw.choices(PIECES, k=draw.randint(1, 12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inserted_labels, "FEW", 0)
        at_once = told(text)
        patch.setattr(inserted_labels, "FEW", 1 << 20)
        assert told(text) == at_once
