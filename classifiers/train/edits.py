"""Edits that make a claim false and that word overlap cannot see.

Each takes a claim, its evidence and a random source, and gives the claim with one thing changed, or
None where it finds nothing to change.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

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
UNITS_ZH = ("分钟 小时|小时 天|天 周|周 个月|个月 年|万元 亿元|万元 元|毫克 克|克 公斤|米 公里|岁 个月|工作日 自然日|每天 每周|每周 每月|"
            "每月 每年|每日 每周|上旬 下旬|年初 年底|季度 月份|百分点 倍")  # fmt: skip
UNITS_EN = ("minutes hours|hours days|days weeks|weeks months|months years|minute hour|hour day|day week|week month|month year|million billion|"
            "thousand million|daily weekly|weekly monthly|monthly yearly|grams kilos|metres kilometres|euros pounds|dollars cents|"
            "working_days calendar_days|Monday Tuesday|Wednesday Friday|Saturday Sunday|spring autumn|summer winter|January July|March May|"
            "June September|once twice|half third|double triple")  # fmt: skip
STRENGTHS_ZH = ("可能 一定|或许 必然|有时 总是|通常 始终|大多 全部|部分 所有|建议 要求|希望 承诺|计划 已经|预计 确定|不一定 一定不|较少 从不|"
                "一半 全部|至少 最多|多数 全体")  # fmt: skip
STRENGTHS_EN = ("may will|might will|can must|could will|sometimes always|usually always|often always|most all|some all|many all|few no|"
                "suggests proves|recommends requires|hopes promises|plans_to has_to|expected certain|likely certain|rarely never|"
                "at_least at_most|partly entirely|about exactly|advised ordered")  # fmt: skip
SPEAKER = re.compile(r"^([A-Z][\w.]*(?: [A-Za-z]\w*){0,2}|[\u4e00-\u9fff]{2,6})[:：]", re.MULTILINE)
Edit = Callable[[str, str, random.Random], str | None]


def swap_table(table: str) -> list[tuple[str, str]]:
    pairs = [
        entry.replace("_", " ").split(" ")
        if "_" not in entry
        else [p.replace("_", " ") for p in entry.split(" ")]
        for entry in table.split("|")
    ]
    return [(a, b) for a, b in pairs] + [(b, a) for a, b in pairs]


SWAPS_ZH, SWAPS_EN = swap_table(ANTONYMS_ZH), swap_table(ANTONYMS_EN)
UNIT_SWAPS = {"zh": swap_table(UNITS_ZH), "en": swap_table(UNITS_EN)}
STRENGTH_SWAPS = {"zh": swap_table(STRENGTHS_ZH), "en": swap_table(STRENGTHS_EN)}


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
    table = NEGATIONS_ZH if chinese(claim) else NEGATIONS_EN
    hits = [pair for pair in table if pair[0] in claim]
    if not hits:
        return None
    old, new = hits[0] if rng.random() < 0.5 else rng.choice(hits)
    return claim.replace(old, new, 1)


def antonym(claim: str, evidence: str, rng: random.Random) -> str | None:
    if chinese(claim):
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
        if chinese(claim)
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


def unit(claim: str, evidence: str, rng: random.Random) -> str | None:
    return swapped(claim, UNIT_SWAPS, rng)


def strength(claim: str, evidence: str, rng: random.Random) -> str | None:
    """May becomes will, some becomes all: more than the evidence says, or less."""
    return swapped(claim, STRENGTH_SWAPS, rng)


def swapped(claim: str, tables: dict[str, list[tuple[str, str]]], rng: random.Random) -> str | None:
    zh = chinese(claim)
    edge = "" if zh else r"\b"
    table = tables["zh" if zh else "en"]
    hits = [pair for pair in table if re.search(edge + re.escape(pair[0]) + edge, claim)]
    if not hits:
        return None
    old, new = rng.choice(hits)
    return re.sub(edge + re.escape(old) + edge, new, claim, count=1)


def speaker(claim: str, evidence: str, rng: random.Random) -> str | None:
    """Who said or did it: another speaker of the dialogue, or two speakers exchanged."""
    names = sorted(set(SPEAKER.findall(evidence)))
    mine = [name for name in names if name in claim]
    others = [name for name in names if name not in claim]
    if len(mine) > 1:
        a, b = rng.sample(mine, 2)
        return claim.replace(a, "\0").replace(b, a).replace("\0", b)
    return claim.replace(mine[0], rng.choice(others)) if mine and others else None


CLAUSE_ZH = re.compile(r"^(.{4,40}?)，(?:因为|由于|是因为)(.{4,40}?)[。]?$")
CLAUSE_EN = re.compile(r"^(.{8,90}?),? (because|after|before|although|while|since) (.{8,90}?)\.?$")


def turned(claim: str, evidence: str, rng: random.Random) -> str | None:
    """Cause and effect, or earlier and later, exchanged."""
    if match := CLAUSE_ZH.match(claim):
        return f"{match[2]}，是因为{match[1]}。"
    if not (match := CLAUSE_EN.match(claim)):
        return None
    first, word, second = match[1], match[2], match[3]
    if word in ("before", "after") and rng.random() < 0.5:
        return f"{first} {'after' if word == 'before' else 'before'} {second}."
    return f"{second[0].upper()}{second[1:]} {word} {first[0].lower()}{first[1:]}."


WRONG, DOUBTFUL = (1,), (1, 2)
EDITS: tuple[tuple[Edit, tuple[int, ...]], ...] = (
    (number, WRONG), (number, WRONG), (chinese_number, WRONG), (negate, WRONG), (antonym, WRONG), (antonym, WRONG), (unit, WRONG),
    (speaker, WRONG), (speaker, WRONG), (entity, DOUBTFUL), (entity, DOUBTFUL), (strength, DOUBTFUL), (turned, DOUBTFUL),
)  # fmt: skip


def chinese(text: str) -> bool:
    return bool(re.search(r"[\u3400-\u9fff]", text))


def edited(claim: str, evidence: str, rng: random.Random) -> tuple[str, tuple[int, ...]] | None:
    """A changed claim with the labels it may have."""
    for edit, allowed in rng.sample(EDITS, len(EDITS)):
        made = edit(claim, evidence, rng)
        if made and made != claim and made not in evidence:
            return made, allowed
    return None
