from __future__ import annotations

import pytest
from threegate.console.content.recognizers import (
    form_of,
    recognizers_of,
    rows_of,
    with_recognizer,
    without_recognizer,
)
from threegate.console.errors import ConsoleError
from threegate.policy.language.load import Bundle, DictTree, load_bundle

PACK = """\
pack: own
title: {zh: 甲, en: A}
recognizers:
  # from the help desk
  - name: ticket
    supported_entity: TICKET
    supported_language: en   # Presidio's
    patterns: [{name: number, regex: 'TCK-\\d{4}', score: 0.85}]
    context: [ticket, 工单]
  - {name: sites, supported_entities: [SITE_NAME], deny_list: [Northgate]}
rules:
  - id: own.tickets
    title: {zh: 工单, en: Tickets}
    owner: it
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [pii.ticket]}
    then: flag
"""
EMPTY = "pack: own\ntitle: {zh: 甲, en: A}\n"
NEW = {
    "name": "staff", "entity": "staff_no", "pattern.0.regex": r"E\d{5}", "pattern.0.score": "0.3",
    "context": "工号\nstaff number", "match": "工号E10423", "no_match": "E1",
}  # fmt: skip


def loaded(text: str) -> Bundle:
    return load_bundle(DictTree({"packs/own.yaml": text.encode()}), ("own",))


def test_an_untouched_form_changes_no_byte() -> None:
    ticket, sites = recognizers_of(loaded(PACK))
    assert (ticket.kind, ticket.used, sites.kind) == (
        "pii.ticket",
        ("own.tickets",),
        "pii.site_name",
    )
    for found in (ticket, sites):
        assert with_recognizer(PACK, found.name, form_of(found)) == PACK


def test_a_change_keeps_what_the_form_does_not_know() -> None:
    ticket = recognizers_of(loaded(PACK))[0]
    more = {"pattern.1.regex": r"T\d{6}", "pattern.1.score": "0.6", "match": "TCK-1234"}
    text = with_recognizer(PACK, "ticket", form_of(ticket) | more | {"context": "工单"})
    changed = recognizers_of(loaded(text))[0].data
    assert [(p["name"], p["score"]) for p in changed["patterns"]] == [
        ("number", 0.85),
        ("ticket 2", 0.6),
    ]
    assert (changed["context"], changed["examples"]) == (["工单"], {"match": ["TCK-1234"]})
    assert "# from the help desk" in text
    assert "supported_language: en   # Presidio's" in text
    fewer = with_recognizer(text, "ticket", form_of(ticket) | {"context": "", "match": ""})
    assert {"context", "examples"}.isdisjoint(recognizers_of(loaded(fewer))[0].data)


def test_a_new_one_and_its_end() -> None:
    text = with_recognizer(EMPTY, "", NEW)
    (staff,) = recognizers_of(loaded(text))
    assert (staff.kind, form_of(staff)["context"]) == ("pii.staff_no", "工号\nstaff number")
    assert rows_of(form_of(staff))[0]["score"] == "0.3"
    assert without_recognizer(text, "staff") == EMPTY
    assert len(recognizers_of(loaded(with_recognizer(PACK, "", NEW)))) == 3
    assert [r.name for r in recognizers_of(loaded(without_recognizer(PACK, "ticket")))] == ["sites"]


def test_one_without_a_name_is_known_by_its_place() -> None:
    text = PACK.replace("name: sites, ", "")
    found = recognizers_of(loaded(text))[1]
    assert found.name == "recognizer 2"
    assert with_recognizer(text, found.name, form_of(found)) == text


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"entity": "no. 1"}, {"pattern.0.regex": ""}, {"pattern.0.score": "x"},
     {"name": "ticket"}],
)  # fmt: skip
def test_what_cannot_be_a_recognizer(wrong: dict[str, str]) -> None:
    with pytest.raises(ConsoleError):
        with_recognizer(PACK, "", NEW | wrong)
    with pytest.raises(ConsoleError):
        without_recognizer(PACK, "nothing")
    with pytest.raises(ConsoleError):
        with_recognizer(PACK, "nothing", NEW)
