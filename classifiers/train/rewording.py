"""A sentence in other words, with less said, or with more than it says.

What `reworded` and `dropped` make follows from the sentence; what `overclaimed` makes does not.
"""

from __future__ import annotations

import random
import re

from edits import DOUBTFUL, chinese, swap_table, swapped

OVER_EN = (("was ", "was the first that was "), ("is ", "is the only one that is "), (" some ", " all "), (" most ", " all "),
           (" can ", " must always "), ("was ", "was never "), ("The ", "Only the "), ("often ", "always "), ("several ", "all "))  # fmt: skip
OVER_ZH = (("是", "是唯一"), ("是", "是第一个"), ("有", "只有"), ("部分", "全部"), ("多数", "所有"), ("一些", "所有"), ("许多", "全部"), ("可以", "必须"),
           ("主要", "仅"), ("之一", ""), ("通常", "一律"), ("可能", "必然"))  # fmt: skip


def overclaimed(claim: str, rng: random.Random) -> tuple[str, tuple[int, ...]] | None:
    """Only, all, first: more than the evidence says."""
    hits = [pair for pair in (OVER_ZH if chinese(claim) else OVER_EN) if pair[0] in claim]
    if not hits:
        return None
    old, new = rng.choice(hits)
    return claim.replace(old, new, 1), DOUBTFUL


SAME_ZH = ("增加 增长|提高 提升|降低 下降|开始 起|大约 约|超过 多于|目前 现在|首次 第一次|但是 不过|因为 由于|以及 和|位于 坐落于|成立 创立|"
           "担任 出任|使用 采用|共 总共|必须 须|可以 能够|需要 得|去世 逝世|出生 诞生|著名 知名|包括 包含|获得 取得|进行 开展|"
           "认为 觉得|全部 所有|同时 并且|例如 比如|之后 以后|之前 以前|称为 叫做|参加 参与|建立 设立|发现 找到|帮助 协助")  # fmt: skip
SAME_EN = ("approximately about|began started|located situated|founded established|however but|because since|large big|also as_well_as|"
           "purchased bought|received got|many numerous|often frequently|nearly almost|known famous|used employed|allows lets|must has_to|"
           "provides offers|requires needs|created made|became turned_into|several various|shows indicates|before prior_to|after following|"
           "killed slain|constructed built|died passed_away|completed finished|attempted tried|obtained got|small little|primarily mainly")  # fmt: skip
EQUALS = {"zh": swap_table(SAME_ZH), "en": swap_table(SAME_EN)}
LARGE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)(万|亿)(?=[元人平方吨斤美欧日英港公])")
PERCENT = re.compile(r"(?<![\d.])(\d0)%")
WORDS_EN = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def reworded(claim: str, rng: random.Random) -> str:
    """The same in other words, or as it is."""
    made, zh = claim, chinese(claim)
    if rng.random() < 0.35:
        return made
    for _ in range(2):
        made = swapped(made, EQUALS, rng) or made
    if rng.random() < 0.4:
        made = re.sub(r"（[^）]*）|\([^)]*\)", "", made)
    if rng.random() < 0.5:
        made = _figures(made, zh)
    if rng.random() < 0.4:
        made = _moved(made, zh)
    return made if len(made) > 8 else claim


def _figures(claim: str, zh: bool) -> str:
    """Numbers written in another way."""
    if not zh:
        made = re.sub(r"(?<![\d.,$-])\b([2-9]|1[0-2])\b(?![\d.,%-])", lambda m: WORDS_EN[int(m[1])], claim)
        return re.sub(r"(\d)%", r"\1 per cent", made)
    made = LARGE.sub(_other_unit, claim)
    made = PERCENT.sub(lambda m: f"{'零一二三四五六七八九'[int(m[1][0])]}成", made)
    return re.sub(r"(\d+(?:\.\d+)?)%", r"百分之\1", made)


def _other_unit(match: re.Match[str]) -> str:
    value = float(match[1])
    if match[2] == "万":
        return f"{value / 1e4:g}亿" if value >= 1000 else f"{value * 1e4:.0f}"
    return f"{value * 1e4:.0f}万" if value < 100 else match[0]


def _moved(claim: str, zh: bool) -> str:
    """A time or place in front goes behind, or the other way round."""
    if zh:
        match = re.match(
            r"^(?P<t>[^，。]{0,3}\d{3,4}年[^，。]{0,8})，(?P<s>[^，。]{2,12}?)(?P<r>[^，。]{6,60})。?$", claim
        )
        return f"{match['s']}{match['r']}，时间是{match['t']}。" if match else claim
    match = re.match(
        r"^(?P<t>(?:In|On|At|During|After|Before|By|From|Since|Until) [^,.]{3,40}), (?P<r>[^.]{15,160})\.$",
        claim,
    )
    if not match:
        return claim
    rest = match["r"]
    return f"{rest[0].upper()}{rest[1:]} {match['t'][0].lower()}{match['t'][1:]}."


TAIL_EN = re.compile(
    r"^(.{25,}?)((?:,? (?:in|on|at|by|with|for|from|during|since|after|before|through|under|near|because|while|which|who|where|when)|,) [^.;]{4,80})\.$"
)


def dropped(claim: str, rng: random.Random) -> str | None:
    """The claim without one of its details: less is said, and all of it is still true."""
    bare = re.sub(r"（[^）]{2,}）|\s?\([^)]{2,}\)", "", claim)
    if bare != claim and rng.random() < 0.5:
        return bare
    if not chinese(claim):
        match = TAIL_EN.match(claim)
        return f"{match[1]}." if match else None
    clauses = re.split(r"(?<=[，,])", claim.rstrip("。"))
    if len(clauses) < 2:
        return None
    out = rng.randrange(1, len(clauses))
    made = "".join(c for i, c in enumerate(clauses) if i != out).rstrip("，,；;")
    return f"{made}。" if len(made) > 8 else None
