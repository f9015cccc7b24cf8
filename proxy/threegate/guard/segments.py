"""Sentences as a function of the text, in Chinese and English.

A boundary depends on the text up to it and on at most `LOOKAHEAD` characters after it, never on how
the text arrived: `sentences(text, final=False)` gives a prefix of `sentences(text + more)` whatever
`more` is. So a sentence that has been judged never changes.

A sentence ends after a terminator with its closing quotes, after a line break, or at
`MAX_SENTENCE`. Spans are contiguous: leading spaces belong to the sentence that follows them.
"""

from __future__ import annotations

import re

from threegate.types import Span

MAX_SENTENCE = 400
"""Code points after which a sentence ends in any case, which bounds the hold and the model's
input."""

LOOKAHEAD = 3
"""A full stop ends a sentence only if a space and no lower-case letter follow."""

_CLOSERS = "\"'”’」』）)】］]》〉*_`"
_END = re.compile(
    rf"""
      [。！？!?；…]+[。！？!?…{re.escape(_CLOSERS)}]*    # terminators that need no blank after them
    | \.[{re.escape(_CLOSERS)}]*(?=\s)                    # a full stop does
    | \n+
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp|No|Fig|Eq|Sec|Art|Vol|pp|approx|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K|al)|\b[A-Z])\.$"
)
_LIST_MARK = re.compile(r"\s*(?:\d{1,3}|[a-zA-Z])\.")


def sentences(text: str, start: int = 0, *, final: bool = True) -> tuple[Span, ...]:
    """Complete sentences of `text` from `start`, which must be 0 or a boundary found before."""
    out: list[Span] = []
    while start < len(text):
        end = _end_of(text, start, final=final)
        if end is None:
            break
        out.append(Span(start, end))
        start = end
    return tuple(out)


def _end_of(text: str, start: int, *, final: bool) -> int | None:
    limit = min(len(text), start + MAX_SENTENCE)
    at = start + len(text[start:limit]) - len(text[start:limit].lstrip())
    while (m := _END.search(text, at, limit)) is not None:
        if not final and m.end() + LOOKAHEAD > len(text):
            return None
        if _is_boundary(text, start, m):
            return m.end()
        at = m.end()
    if limit - start == MAX_SENTENCE:
        return limit
    return limit if final else None


def _is_boundary(text: str, start: int, m: re.Match[str]) -> bool:
    if not m.group().startswith("."):
        return True
    stop = m.start() + 1
    if _LIST_MARK.fullmatch(text, start, stop):
        return False
    if _ABBREVIATION.search(text, max(start, stop - 12), stop):
        return False
    after = text[m.end() : m.end() + LOOKAHEAD].lstrip()
    return not (after and after[0].islower())


_CLAIMLESS = re.compile(r"[?？]\s*[\"”’」』）)]*\s*$")
_LETTERS = re.compile(r"[A-Za-z\u3400-\u9fff]")
_MARKUP = re.compile(r"^\s*(?:[#>|*\-+=_`~]+\s*)+|^\s*\d{1,3}[.)、]\s*")
_OPENERS = re.compile(
    r"^\s*(?:sure|certainly|of course|okay|ok|hello|hi|thanks?|thank you|you'?re welcome|"
    r"i hope|let me know|feel free|please (?:let|feel|contact)|i(?:'m| am) (?:sorry|happy|glad)|"
    r"here (?:is|are)|好的|当然|您好|你好|谢谢|不客气|希望|如有|如果您还|请随时|"
    r"以下是|下面|抱歉|很抱歉)",
    re.IGNORECASE,
)

_INTENT = re.compile(
    r"(?i)(?:now |next |first |then )?,? ?(?:i(?:['’]ll| will| am going to|['’]m going to)|let me|"
    r"let['’]s) "
    r"|(?:好的，|接下来，?|下面，?|现在，?)?(?:我(?:来|先|会|将|这就|马上|再)|让我|(?:现在|马上|正在|这就)(?:就)?(?:为|帮|给)[您你])"
)
"""Announcements of what the assistant is about to do, which no source contains."""
_NOT_IN_SOURCES = re.compile(
    r"(?i)(?:(?:however|but|unfortunately),? )?(?:"
    r"(?:the|these|this|my|your|our) [^,;.]{0,24}\b(?:information|passages?|context|documents?|"
    r"sources?|text|leaflet|material|article|manual|clauses?)\b[^,;.]{0,24}?"
    r" (?:do(?:es)? not|don['’]t|doesn['’]t) (?:say|mention|state|specify|tell|indicate)\b"
    r"|[^,;.]{4,60} (?:is|are) not (?:mentioned|stated|specified) in (?:the|these|this|your)\b)"
    r"|(?:但是?|不过)?(?:(?:至于|关于|[^，。；]{0,16}(?:是否|能否|可否|有无|多少|哪|如何|怎么))[^，。；]{0,16}，)?"
    r"[^，。；]{0,6}(?:资料|材料|文档|上下文|条款|合同|原文|说明书|手册|检索结果)[^，。；]{0,6}?"
    r"(?:未|没有|没)(?:有)?(?:提及|提到|说明|说|写明)"
)
"""Statements that the sources are silent, which are about the sources and not taken from them."""
_SOON = (
    r"(?:(?:一会儿?|等一?下|请?稍[等候]|(?:等|一)?有了?(?:结果|消息)[了后]?|然后"
    r"|我?(?:就|会|再|马上|立[刻即]|这就|稍后|随后|很快|尽快))[就会再马上]{0,3}"
    r"(?:给[您你](?:一?个)?(?:结果|答复|回复|反馈|消息|回音)|(?:回复|答复|联系|通知)[您你])?"
    r"|(?:i['’]ll |i will |and |then )?(?:be right back|get back to you|be back"
    r"|let you know(?: the result)?"
    r"|(?:just )?(?:one|a) (?:moment|minute|second|sec)|bear with me|hold on)"
    r"(?: (?:please|soon|shortly|right away|in a (?:moment|minute|second)))?)[。！!.~]?\s*$"
)
"""Notices that the answer comes later, at the end of the sentence."""
_STATEMENT = re.compile(
    rf"(?i)[，,;；:：—](?!\s*(?:建议|请|如需|{_SOON}|please|you (?:may|might|can|should) "
    r"(?:want|ask|check|contact)))"
    r"|\b(?:that|tell|confirm|assure|guarantee|promise|refund|pay|waive)\b"
    r"|告诉|确认|保证|承诺|全额|退还|赔|免"
)
"""What may follow such a notice and be a claim again: a further clause, or a promise."""


def carries_claim(sentence: str) -> bool:
    """Whether a sentence states something that a source could support: not a question, a greeting,
    or a notice of what the assistant does next or of what the sources leave open."""
    body = _MARKUP.sub("", sentence).strip()
    if len(_LETTERS.findall(body)) < 4 or _CLAIMLESS.search(body):
        return False
    if sentence.lstrip().startswith("#") or body.endswith((":", "：")):
        return False
    if any(c.isdigit() for c in body):
        return True
    if _OPENERS.match(body):
        return False
    about = _INTENT.match(body) or _NOT_IN_SOURCES.match(body)
    return about is None or _STATEMENT.search(body, about.end()) is not None
