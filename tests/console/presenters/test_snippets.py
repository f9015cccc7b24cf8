from __future__ import annotations

from threegate.console.presenters.snippets import snippet

AT = {"channel": "user", "message": 0, "part": "/content"}
RULED = {
    "rule": "r", "action": "flag", "kind": "list.word", "level": "high", "score": 1,
    "detector": "words", "span": [400, 403], "at": AT,
}  # fmt: skip
EVENT = {"decisions": [{"layer": "input", "ruled": [RULED]}]}
PARTS = [
    {"part": "messages/0/content:user", "redacted": "a" * 400 + "BAD" + "b" * 400},
    {"part": "choices/0/content/1", "redacted": "x" * 300 + " Autumn 秋天的诗 " + "y" * 300},
]


def marked(words: str, parts: list[dict[str, str]] = PARTS) -> list[str]:
    cut = snippet(EVENT, parts, words)
    assert sum(len(p["text"]) for p in cut) < 200
    return [p["text"] for p in cut if p["kind"]]


def test_the_words_searched_for_come_first_then_the_hit() -> None:
    assert marked("autumn") == ["Autumn"]
    assert marked("秋天") == ["秋天"]
    assert marked("") == ["BAD"]
    assert marked("nowhere (") == ["BAD"]


def test_what_has_no_source_is_no_hit() -> None:
    """A call about which nothing was found showed a sentence of its answer, coloured."""
    ruled = RULED | {"kind": "claim.no_source", "span": [301, 307]}
    ruled |= {"at": {"channel": "content", "choice": 0}}
    event = {"decisions": [{"layer": "output", "ruled": [ruled]}]}
    cut = snippet(event, PARTS, "")
    assert "".join(p["text"] for p in cut).startswith("aaa")


def test_of_a_plain_record_its_beginning() -> None:
    assert marked("", PARTS[1:]) == []
    assert snippet(EVENT, [], "autumn") == []


def test_the_words_are_marked_in_either_script() -> None:
    parts = [{"part": "messages/0/content:user", "redacted": "請幫我登記銀行賬戶"}]
    assert marked("银行账户", parts) == ["銀行賬戶"]
