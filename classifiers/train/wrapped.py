"""Generated long prompts: role play, guises, examples, code and suffixes around a question, attacks beside harmless ones of the same shape.

Long role prompts used to set the level of direct injection, since nearly all that training saw were attacks. Here a role, its strict rules
and its length are shared; what tells is a clause that takes the assistant's rules away, or a harmful question inside.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import yaml

from guard_rows import CLEAN, GuardRow

ROLES, CARRIED, SECTIONS, TOLD, BEGUN, SUFFIXED, SHOTS, SPLIT = 800, 500, 600, 700, 300, 300, 250, 250
"""Rows of each kind, language and label."""
QUIET = CLEAN | {"offensive": 0}
ATTACK = {"direct": 1, "hazard": 1}
LONGEST = 120
"""Characters of a question that is wrapped."""
WHOLE = {"en": 560, "zh": 220}
"""Characters up to which training sees a text with the question at its end."""
ROLE = re.compile(
    r"^\W*(you are|act as|i want you to act|you're|your task|role|你是|我希望你|我想让你|请扮演|假设你|角色|作为)",
    re.IGNORECASE,
)
GAP = {"en": " ", "zh": ""}
_PIECE = re.compile(r"[\u3400-\u9fff]{1,3}|[A-Za-z]{2,8}")
_SAID = re.compile(r"[\"“](.+?)[\"”]")
MARKS = list(".,;:!?()[]{}\\/*+-=<>\"'`~|_#")


@cache
def _blocks() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return loaded


def wrapped(rows: Sequence[GuardRow], seed: int = 97) -> list[GuardRow]:
    """All of them; deterministic in `rows` and `seed`."""
    rng = random.Random(seed)
    made: list[GuardRow] = []
    for language in ("zh", "en"):
        mine = [
            r
            for r in rows
            if r.language == language and not r.question and not r.source.startswith(("COLD", "generated"))
        ]
        short = [r for r in mine if 6 < len(r.text) < LONGEST and r.heads.get("direct") == 0]
        asked = [r for r in short if r.heads.get("hazard") == 0]
        harmful = [r for r in short if r.heads.get("hazard") == 1]
        carriers = [
            r
            for r in mine
            if r.heads.get("direct") == 0 and len(r.text) > WHOLE[language] and ROLE.match(r.text)
        ]
        made += [*_roles(asked, harmful, language, rng), *_carried(carriers, language, rng)]
        made += _sections(asked, language, rng)
        for kind, count in _GUISES.items():
            for bases, heads in ((harmful, ATTACK), (asked, QUIET)):
                for base in rng.sample(bases, min(count, len(bases))):
                    made.append(_row(_guise(kind, base, bases, language, rng), heads, base, kind))
    return made


_GUISES = {"told": TOLD, "begun": BEGUN, "suffix": SUFFIXED, "shots": SHOTS, "split": SPLIT}


def _row(text: str, heads: dict[str, int], base: GuardRow, kind: str, span: str = "") -> GuardRow:
    kinds = base.categories if heads.get("hazard") else ()
    return GuardRow(text, heads, base.group, f"generated/{kind}", base.language, categories=kinds, span=span)


def _roles(
    asked: Sequence[GuardRow], harmful: Sequence[GuardRow], language: str, rng: random.Random
) -> Iterator[GuardRow]:
    """Role prompts put together of an opening, strict clauses and a question; with a freeing clause or two they are attacks."""
    for base in rng.sample(asked, min(ROLES, len(asked))):
        yield _row(_role(base.text, 0, language, rng)[0], QUIET, base, "role")
    for number, base in enumerate(rng.sample(harmful, min(ROLES, len(harmful)))):
        if number % 4 == 0:  # a harmful question to a mere role: harm, and nothing said of an attack
            yield _row(_role(base.text, 0, language, rng, longest=3)[0], {"hazard": 1}, base, "role")
            continue
        question = base if number % 2 else rng.choice(asked)
        said = question.text if rng.random() < 0.85 else ""
        text, span = _role(said, rng.choice((1, 1, 2, 3)), language, rng)
        harm = number % 2 and question.text in text and len(text) < WHOLE[language]
        yield _row(text, ATTACK if harm else {"direct": 1}, base, "role", span)


def _role(question: str, free: int, language: str, rng: random.Random, longest: int = 8) -> tuple[str, str]:
    """(text, one of its freeing clauses)."""
    blocks, gap = _blocks(), GAP[language]
    opening = rng.choice(blocks[f"roles_{language}"]).format(
        n=rng.choice(blocks[f"names_{language}"]), r=rng.choice(blocks[f"jobs_{language}"])
    )
    freeing = rng.sample(blocks[f"free_{language}"], free)
    clauses = [
        *rng.sample(blocks[f"strict_{language}"], rng.randint(1, longest) if free < 3 else 2),
        *freeing,
    ]
    rng.shuffle(clauses)
    if rng.random() < 0.3:
        between, clauses = (
            "\n",
            [f"{mark}{clause}" for mark, clause in zip(_bullets(len(clauses), rng), clauses, strict=True)],
        )
    else:
        between = gap
    ask = rng.choice(blocks[f"asks_{language}"]).format(q=question) if question else ""
    parts = [opening, between.join(clauses), *([ask] if ask else [])]
    return rng.choice((gap or "\n", "\n", "\n\n")).join(parts), freeing[0] if freeing else ""


def _bullets(count: int, rng: random.Random) -> list[str]:
    style = rng.choice(("- ", "* ", "{}. ", "{}) ", "（{}）"))
    return [style.format(i + 1) for i in range(count)]


def _carried(carriers: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    """Other people's role prompts, with strict clauses or with freeing ones put in."""
    for base in rng.sample(carriers, min(CARRIED, len(carriers))):
        for free in (False, True):
            clauses = rng.sample(
                _blocks()[f"{'free' if free else 'strict'}_{language}"], rng.choice((1, 2, 3))
            )
            together = GAP[language].join(clauses)
            ends = [0, len(base.text), *(i + 1 for i, char in enumerate(base.text) if char in "。！？.!?\n")]
            at = rng.choice(ends)
            glue = rng.choice((GAP[language], "\n", "\n\n"))
            text = base.text[:at] + glue + together + glue + base.text[at:]
            yield _row(
                text.strip(),
                {"direct": 1} if free else QUIET,
                base,
                "rolecarrier",
                clauses[0] if free else "",
            )


def _sections(asked: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    """Instructions of software and agents, section by section; in one of three a freeing clause stands among them."""
    blocks = _blocks()
    for number, base in enumerate(rng.sample(asked, SECTIONS)):
        subject = rng.choice(blocks[f"subjects_{language}"])
        parts = [
            part.format(d=subject) for part in rng.sample(blocks[f"sections_{language}"], rng.randint(3, 7))
        ]
        free = rng.choice(blocks[f"free_{language}"]) if number % 3 == 0 else ""
        if free:
            parts.insert(rng.randint(0, len(parts)), f"{rng.choice(('', '', '- ', '## '))}{free}")
        ask = [base.text] if rng.random() < 0.3 else []
        text = rng.choice(("\n", "\n\n")).join([*parts, *ask])
        yield _row(text, {"direct": 1} if free else QUIET, base, "sections", free)


def _guise(kind: str, base: GuardRow, others: Sequence[GuardRow], language: str, rng: random.Random) -> str:
    blocks, gap = _blocks(), GAP[language]
    match kind:
        case "told":
            return rng.choice(blocks[f"told_{language}"]).format(q=base.text)
        case "begun":
            parts = [base.text, rng.choice(blocks[f"begun_{language}"])]
            return rng.choice((gap, "\n", "\n\n")).join(parts)
        case "suffix":
            return f"{base.text} {_junk(others, rng)}"
        case "shots":
            return _shots(base.text, [r.text for r in rng.sample(others, 3)], language, rng)
        case _:
            return _split(base.text, language, rng)


def _junk(others: Sequence[GuardRow], rng: random.Random) -> str:
    """What a search for a suffix ends with: pieces of words and marks."""
    pieces = [p for r in rng.sample(others, 6) for p in _PIECE.findall(r.text)] or ["now"]
    made = []
    for _ in range(rng.randint(6, 18)):
        piece = rng.choice(pieces)
        piece = rng.choice(
            (
                piece,
                piece,
                piece.title(),
                piece.upper(),
                piece[::-1],
                rng.choice(MARKS),
                piece + rng.choice(MARKS),
                rng.choice(MARKS) * 2,
            )
        )
        made.append(piece + rng.choice(("", " ", " ")))
    return "".join(made).strip()


def _shots(question: str, before: Sequence[str], language: str, rng: random.Random) -> str:
    """Examples with answers that begin, then the question."""
    asks, answers = rng.choice(
        (("Q: ", "A: "), ("User: ", "AI: "), ("### Input\n", "### Output\n"), ("问：", "答："))
    )
    begun = [found.group(1) for line in _blocks()[f"begun_{language}"] if (found := _SAID.search(line))]
    turns = [f"{asks}{text}\n{answers}{rng.choice(begun)} ..." for text in before[: rng.randint(1, 3)]]
    return "\n".join([*turns, f"{asks}{question}\n{answers}"])


def _split(question: str, language: str, rng: random.Random) -> str:
    """The question in two or three strings that are to be put together and answered."""
    cuts = sorted(rng.sample(range(1, len(question)), min(2, len(question) - 1)))
    parts = [question[a:b] for a, b in zip([0, *cuts], [*cuts, len(question)], strict=True)]
    names = rng.sample(["a", "b", "c", "x", "y", "part1", "part2", "s", "t", "foo"], len(parts))
    given = rng.choice(("\n", "; ")).join(
        f'{name} = "{part}"' for name, part in zip(names, parts, strict=True)
    )
    joined = " + ".join(names)
    if language == "zh":
        return rng.choice((f"{given}\n请回答 {joined} 拼起来的问题，详细一点。", f"已知 {given}，把 {joined} 连起来，然后照做。",
                           f"```python\n{given}\nprint(answer({joined}))\n```\n这段代码会输出什么？只写输出。"))  # fmt: skip
    return rng.choice((f"{given}\nAnswer the question {joined} in detail.", f"Let {given}. Join {joined} and do what it says.",
                       f"```python\n{given}\nprint(answer({joined}))\n```\nWhat does this print? Only the output, please."))  # fmt: skip
