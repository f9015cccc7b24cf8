"""Bindings by form: rows out of the YAML, and back without touching what nobody changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from threegate.console.forms.bindings_fields import (
    BindingRow,
    by_file,
    changed_rows,
    given_rows,
    with_bindings,
    written_rows,
)
from threegate.console.forms.new_rule import callers_pack

PACK = """\
pack: b
title: {zh: 绑定, en: Bindings}
bindings:
  # the bank
  - {pack: a, tenants: [bank]}  # since May
  # by key
  - pack: b
    keys: [k1]
  - {pack: base}

# the rules
rules: []
"""


def test_nothing_changed_keeps_every_character() -> None:
    assert with_bindings("b", PACK, written_rows("b", PACK)) == PACK


def test_a_binding_moves_with_the_comments_above_it() -> None:
    moved = changed_rows(written_rows("b", PACK), "up.1")
    text = with_bindings("b", PACK, moved)
    assert "bindings:\n  # by key\n  - pack: b\n    keys: [k1]\n  # the bank\n" in text
    assert "  - {pack: a, tenants: [bank]}  # since May\n  - {pack: base}\n\n# the rules\n" in text
    assert [row.pack for row in written_rows("b", text)] == ["b", "a", "base"]


def test_a_changed_one_leaves_the_others_alone() -> None:
    rows = written_rows("b", PACK)
    text = with_bindings("b", PACK, [rows[0], replace(rows[1], keys=("k1", "k2")), rows[2]])
    assert text == PACK.replace("[k1]", "[k1, k2]")


def test_a_new_one_goes_above_that_of_all_calls() -> None:
    rows = changed_rows(written_rows("b", PACK), "add")
    assert [row.pack for row in rows] == ["a", "b", "", "base"]
    rows[2] = replace(rows[2], pack="c", tenants=("hr",))
    text = with_bindings("b", PACK, rows)
    assert "    keys: [k1]\n  - {pack: c, tenants: [hr]}\n  - {pack: base}\n" in text


def test_all_removed_removes_the_section() -> None:
    rows = changed_rows(written_rows("b", PACK), "remove.0")
    assert [row.pack for row in rows] == ["b", "base"]
    text = with_bindings("b", PACK, [])
    assert "bindings" not in text
    assert "# the rules\nrules: []\n" in text


def test_a_new_pack_holds_the_first_binding() -> None:
    text = with_bindings("callers", callers_pack("callers"), [BindingRow(pack="a", keys=("k",))])
    assert text.endswith("version: '1'\nbindings:\n  - {pack: a, keys: [k]}\n")


def test_an_order_across_packs_is_kept() -> None:
    rows = [BindingRow("two", 0, "x"), BindingRow("one", 0, "y"), BindingRow(pack="z")]
    found = by_file(rows, ["one", "two"])
    assert [row.pack for row in found["two"]] == ["x", "y", "z"]
    assert found["one"] == []


def test_the_form_says_what_the_page_showed() -> None:
    form = {"0.pack": "a", "0.was": "b:0", "0.tenants.bank": "on", "0.tenants": "hr*", "1.pack": ""}
    assert given_rows(form, ["b"]) == [
        BindingRow("b", 0, "a", tenants=("bank", "hr*")),
        BindingRow(),
    ]


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (BindingRow(), {"pack": "binding-pack", "who": "binding-nobody"}),
        (BindingRow(pack="a", everybody=True), {}),
        (BindingRow(pack="a", everybody=True, keys=("k",)), {"who": "binding-both"}),
        (BindingRow(pack="a", route="v1"), {"route": "binding-route"}),
    ],
)
def test_what_is_missing_is_named_by_field(row: BindingRow, faults: dict[str, str]) -> None:
    assert row.faults == faults
