"""Generated grounding pairs: edits that overlap cannot see.

From a supported (evidence, claim) pair come a contradicted one (number, date, unit, negation,
antonym, quantifier, entity of the same evidence) and, by taking the supporting sentence out of the
evidence, one that is not in the source. Sentences of the evidence serve as claims too, so that the
same words stand on all three sides.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from grounding_rows import Pair, focus, sentences, words
from rows import is_dev

ANTONYMS_ZH = ("上升 下降|增加 减少|增长 下滑|提高 降低|高于 低于|超过 不足|之前 之后|以前 以后|以上 以下|最大 最小|最高 最低|最早 最晚|"
               "第一 第二|首次 再次|全部 部分|所有 少数|至少 至多|不少于 不超过|允许 禁止|同意 反对|成功 失败|开始 结束|支持 反对|免费 收费|"
               "上午 下午|北部 南部|东部 西部|国内 国外|男性 女性|父亲 母亲|可以 不得|必须 无需|需要 不需要|已经 尚未|仅 不仅|包括 不包括|"
               "有效 无效|盈利 亏损|多数 少数|左 右|买入 卖出|赢 输|前 后")  # fmt: skip
ANTONYMS_EN = ("increase decrease|increased decreased|rose fell|higher lower|more fewer|before after|first last|largest smallest|"
               "highest lowest|above below|over under|all some|always never|at_least at_most|allowed forbidden|may must|won lost|"
               "accepted rejected|agreed refused|opened closed|began ended|north south|east west|male female|early late|include exclude|"
               "includes excludes|free paid|older younger|father mother|husband wife|son daughter|major minor|public private|"
               "morning evening|success failure|with without|every no|both neither|support oppose|supported opposed|gain loss|best worst|"
               "long short|required optional|approved denied|daily weekly|only also|majority minority|upper lower|left right")  # fmt: skip
NEGATIONS_ZH = (("不能", "能"), ("不会", "会"), ("不可", "可"), ("没有", "有"), ("不是", "是"), ("可以", "不可以"), ("能够", "不能"),
                ("会", "不会"), ("是", "不是"), ("有", "没有"), ("应", "不应"), ("曾", "未曾"), ("被", "没有被"), ("已", "尚未"))  # fmt: skip
NEGATIONS_EN = ((" is not ", " is "), (" are not ", " are "), (" was not ", " was "), (" cannot ", " can "), (" did not ", " did "),
                (" is ", " is not "), (" are ", " are not "), (" was ", " was not "), (" were ", " were not "), (" can ", " cannot "),
                (" will ", " will not "), (" has ", " has not "), (" have ", " have not "), (" must ", " need not "), (" may ", " may not "))  # fmt: skip
LEADS = {"zh": ["根据资料，", "文中提到，", "也就是说，", "简单来说，", "据此，", "您好，", "答："],
         "en": ["According to the source, ", "The document says that ", "In short, ", "As stated, ", "Yes, ", "Note that "]}  # fmt: skip
Edit = Callable[[str, str, random.Random], str | None]


def _swap_table(table: str) -> list[tuple[str, str]]:
    pairs = [
        entry.replace("_", " ").split(" ")
        if "_" not in entry
        else [p.replace("_", " ") for p in entry.split(" ")]
        for entry in table.split("|")
    ]
    return [(a, b) for a, b in pairs] + [(b, a) for a, b in pairs]


SWAPS_ZH, SWAPS_EN = _swap_table(ANTONYMS_ZH), _swap_table(ANTONYMS_EN)


def number(claim: str, evidence: str, rng: random.Random) -> str | None:
    """Another number: one of the evidence when there is one, else a near miss."""
    found = list(re.finditer(r"\d+(?:\.\d+)?", claim))
    if not found:
        return None
    match = rng.choice(found)
    others = [n for n in re.findall(r"\d+(?:\.\d+)?", evidence) if n not in claim and len(n) == len(match[0])]
    value = float(match[0])
    near = [value + 1, value - 1, value * 2, value + 10, value * 10, value / 2]
    fresh = (
        rng.choice(others)
        if others and rng.random() < 0.6
        else _like(match[0], rng.choice([v for v in near if v > 0] or [3]))
    )
    return None if fresh == match[0] else claim[: match.start()] + fresh + claim[match.end() :]


def _like(old: str, value: float) -> str:
    places = len(old.split(".")[1]) if "." in old else 0
    return f"{value:.{places}f}"


def chinese_number(claim: str, evidence: str, rng: random.Random) -> str | None:
    found = list(re.finditer(r"[一二两三四五六七八九十]+(?=[年月日个名次天人万千元位种届级章岁倍%])", claim))
    if not found:
        return None
    match = rng.choice(found)
    fresh = rng.choice([n for n in "二三四五六七八九十" if n != match[0]])
    return claim[: match.start()] + fresh + claim[match.end() :]


def negate(claim: str, evidence: str, rng: random.Random) -> str | None:
    table = NEGATIONS_ZH if _chinese(claim) else NEGATIONS_EN
    hits = [pair for pair in table if pair[0] in claim]
    if not hits:
        return None
    old, new = hits[0] if rng.random() < 0.5 else rng.choice(hits)
    return claim.replace(old, new, 1)


def antonym(claim: str, evidence: str, rng: random.Random) -> str | None:
    if _chinese(claim):
        hits = [pair for pair in SWAPS_ZH if pair[0] in claim and len(pair[0]) > 1]
        if not hits:
            return None
        old, new = rng.choice(hits)
        return claim.replace(old, new, 1)
    hits = [pair for pair in SWAPS_EN if re.search(rf"\b{pair[0]}\b", claim)]
    if not hits:
        return None
    old, new = rng.choice(hits)
    return re.sub(rf"\b{old}\b", new, claim, count=1)


def entity(claim: str, evidence: str, rng: random.Random) -> str | None:
    """A name of the claim replaced by another name of the evidence (or two names exchanged)."""
    pattern = (
        r"《[^》]{2,20}》|“[^”]{2,12}”|[\u4e00-\u9fff]{2,6}(?:公司|大学|省|市|县|国|银行|医院|学校|队|岛|部)"
        if _chinese(claim)
        else r"(?<=[a-z,;] )[A-Z][a-zA-Z]+(?: [A-Z][a-zA-Z]+)*"
    )
    mine = sorted(set(re.findall(pattern, claim)))
    others = sorted(set(re.findall(pattern, evidence)) - set(mine))
    if len(mine) > 1 and rng.random() < 0.4:
        a, b = rng.sample(mine, 2)
        return None if a in b or b in a else claim.replace(a, "\0").replace(b, a).replace("\0", b)
    if not mine or not others:
        return None
    old, new = rng.choice(mine), rng.choice(others)
    return None if old in new or new in old else claim.replace(old, new)


EDITS: tuple[Edit, ...] = (number, number, chinese_number, negate, antonym, antonym, entity, entity)


def _chinese(text: str) -> bool:
    return bool(re.search(r"[\u3400-\u9fff]", text))


def edited(claim: str, evidence: str, rng: random.Random) -> str | None:
    for edit in rng.sample(EDITS, len(EDITS)):
        made = edit(claim, evidence, rng)
        if made and made != claim and made not in evidence:
            return made
    return None


def generated(pairs: Sequence[Pair], seed: int = 31) -> list[Pair]:
    """Pairs from supported pairs and from sentences of contexts; same groups as their sources."""
    rng = random.Random(seed)
    made: list[Pair] = []
    supported = [p for p in pairs if p.allowed == (0,) and not p.source.startswith("BEGIN")]
    for pair in supported:
        if rng.random() < (0.8 if "authored" in pair.source else 0.1):
            made.extend(_from_claim(pair, rng))
    contexts = {p.group: p for p in pairs}
    for pair in contexts.values():
        if "authored" in pair.source or rng.random() < 0.35:
            made.extend(_from_sentences(pair, rng))
    made.extend(_distracted(pairs, rng))
    return made


def _from_claim(pair: Pair, rng: random.Random) -> Iterator[Pair]:
    wrong = edited(pair.claim, pair.evidence, rng)
    if wrong:
        yield _made(pair, pair.evidence, wrong, 1, "edit")
        lead = rng.choice(LEADS[pair.language])
        yield _made(pair, pair.evidence, lead + pair.claim, 0, "lead")


def _from_sentences(pair: Pair, rng: random.Random) -> Iterator[Pair]:
    parts = [s for s in sentences(pair.evidence) if 12 < len(s) < 220]
    if len(parts) < 3:
        return
    chosen = rng.choice(parts)
    lead = rng.choice(LEADS[pair.language]) if rng.random() < 0.5 else ""
    wrong = edited(chosen, pair.evidence, rng)
    if not wrong:
        return
    yield _made(pair, pair.evidence, lead + chosen, 0, "sentence")
    yield _made(pair, pair.evidence, lead + wrong, 1, "sentence")
    rest = [s for s in sentences(pair.evidence) if s != chosen]
    other = max((len(words(s) & words(chosen)) / max(1, len(words(chosen))) for s in rest), default=0)
    if other < 0.5:
        yield _made(pair, " ".join(rest), lead + chosen, 2, "removed")


def _distracted(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """Authored pairs with a foreign passage before or after; or with only the foreign passage."""
    mine = [p for p in pairs if "authored" in p.source]
    sides = {dev: [p for p in mine if is_dev(p.group) == dev] for dev in (False, True)}
    for pair in rng.sample(mine, len(mine) // 2):
        other = rng.choice(sides[is_dev(pair.group)])
        if other.group == pair.group or other.language != pair.language:
            continue
        if rng.random() < 0.25:
            yield _made(pair, other.evidence, pair.claim, 2, "foreign")
            continue
        both = [pair.evidence, focus(other.evidence, other.claim, 80)]
        rng.shuffle(both)
        yield Pair(
            "\n".join(both), pair.claim, pair.allowed, pair.group, "generated/distracted", pair.language
        )


def _made(pair: Pair, evidence: str, claim: str, label: int, kind: str) -> Pair:
    return Pair(evidence, claim, (label,), pair.group, f"generated/{kind}", pair.language)
