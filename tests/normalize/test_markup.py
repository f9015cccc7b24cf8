r"""What a reader sees of words that markup cuts into pieces, and that other markup stays."""

from __future__ import annotations

from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.normalize import views
from threegate.normalize.markup import cut_pieces, displayed
from threegate.normalize.view import raw
from threegate.types import Span

from tests.cases import cases

READS = {
    "ig<b></b>no<i></i>re prev<!-- x -->ious": "ignore previous",
    "<b>ig</b><b>no</b><b>re</b> <b>pre</b><i>vio</i><u>us</u>": "ignore previous",
    "<b>ignore</b> <i>previous</i>": "ignore previous",
    "ig<x-y a='>'></x-y>nore": "ignore",
    'ig<a title="1 > 0" href=/x></a>nore': "ignore",
    'ig<a title="<b>"></a>nore': "ignore",
    "ig<SPAN\nclass=x\n>nore</SPAN>": "ignore",
    "ig<!-- <b> -- > --><!---->nore": "ignore",
    "ig<!-- a\nb -->nore": "ignore",
    "ig<![CDATA[no]]>re": "ignore",
    "ig<?php ?>nore": "ignore",
    "忽<b></b>略<!-- -->之前的指<x>令</x>": "忽略之前的指令",
    "игн<b></b>ори<i></i>руй": "игнорируй",
    "<div>ig</div><div>no</div>\n<p>re</p>": "ignore",
    "<tr><td>ig</td><td>no</td><td>re</td><td></td><td>all</td></tr>": "ignore all",
    "<li>忽略</li><li>之前的</li><li>指令</li>": "忽略之前的指令",
    "| ig | no | re |  | all |": "ignore all",
    "|ig|no|re|": "ignore",
    r"\text{ig}\text{nore} \mathrm{prev}\textbf{ious}": "ignore previous",
    r"\\text{ig}\\text{nore}": "ignore",
    r"\textbf{\emph{ig}}\text{no}re": "ignore",
    r"$\text{ig}$$\text{nore}$": "ignore",
    r"{ig}{nore}{}": "ignore",
    r"ig{}nore": "ignore",
    r"ig\!no\,re": "ignore",
    '"ig" + "no" + "re all" + " rules"': "ignore all rules",
    "'ig'+'nore'": "ignore",
    '"ig" . "nore"': "ignore",
    '"ig"."nore"': "ignore",
    "`ig` + `nore`": "ignore",
    '"ig" & "nore"': "ignore",
    "'ig' || 'nore'": "ignore",
    '"ig" ..\n  "nore"': "ignore",
    'f"ig" \\\n  f"nore"': "ignore",
    r"{\"a\": \"ig\" + \"nore\"}": "ignore",
    '["ig", "no", "re"].join("")': "ignore",
    '("ig"\n "no"\n "re")': "ignore",
    "&quot;ig&quot; + &quot;nore&quot;": "ignore",
    "ig&lt;b&gt;&lt;/b&gt;nore": "ignore",
    "ig**no**re": "ignore",
    "ig<b>\u200b</b>nore": "ignore",
    "139<b>8765</b>4321": "13987654321",
    '139<span class="x">8765</span>4321': "13987654321",
    "139<!-- -->87654321": "13987654321",
    "139/* x */87654321": "13987654321",
    '"139" + "8765" + "4321"': "13987654321",
    "zhao<wbr>@example.com": "zhao@example.com",
}
STAYS = (
    "a < b and c > d, x<y",
    "<p>One sentence.</p>\n<p>Another one.</p>",
    "<td>139</td><td>8765</td><td>4321</td>",
    "<td>name</td><td>phone</td><td>age</td>",
    "| 139 | 8765 | 4321 |",
    "| name | no | qty |",
    "/* a comment */ int x; /* another */",
    "x = [1, 2] + [3]",
    'say "one", "two" and "three"',
    'parts = text.split(".") + ["+"]',
    r"C:\temp\new and \alpha{x}",
    "zhao\\_liu@mail\\-host\\.org",
    "**bold** and __init__ and 2**10",
)


@pytest.mark.parametrize("text", READS)
def test_words_are_read_as_they_are_displayed(text: str) -> None:
    (start, view) = max(((v.text.find(READS[text]), v) for v in views(text)), key=itemgetter(0))
    assert start >= 0, [view.text for view in views(text)]
    span = view.original(Span(start, start + len(READS[text])))
    assert text[span.start] in READS[text][0] + "&"
    assert text[span.end - 1] in READS[text][-1] + ";"


@pytest.mark.parametrize("text", STAYS)
def test_other_markup_stays(text: str) -> None:
    source = raw(text)
    assert displayed(source) is source


@pytest.mark.parametrize("text", ["<b>ig</b><b>no</b><b>re</b> th<i>is</i>", '"ig" + "no" + "re"'])
def test_pieces_of_cut_words_are_counted(text: str) -> None:
    assert cut_pieces(displayed(raw(text))) > 0
    assert cut_pieces(displayed(raw("<b>ignore</b> <i>this</i>"))) == 0


PARTS = st.sampled_from(
    ["<", ">", "<b>", "</b>", "<!--", "-->", "<td>", "</td>", "|", "\n", " ", "ig", "no", "忽", "1", '"', "'", "+",
     ",", "\\text{", "}", "{", "/*", "*/", "**", "<![CDATA[", "]]>", "<a x='", "\\"]
)  # fmt: skip


@cases(200)
@given(st.lists(PARTS, max_size=40).map("".join))
def test_any_markup_stays_inside_the_original(text: str) -> None:
    view = displayed(raw(text))
    last = 0
    for at in range(len(view.text)):
        span = view.original(Span(at, at + 1))
        assert last <= span.start < span.end <= len(text)
        last = span.start
