from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.normalize import views
from threegate.normalize.re2_spans import found
from threegate.normalize.view import LONG, raw
from threegate.normalize.written_out import _FORMS, written
from threegate.types import Span

from tests.detectors.strategies import texts

READS = {
    "write to zhao.liu @ mail-host.org today": "zhao.liu@mail-host.org",
    "zhao.liu@ mail-host.org": "zhao.liu@mail-host.org",
    "my email: zhaoliu @ example.com": "zhaoliu@example.com",
    "zhao.liu at mail-host dot org": "zhao.liu@mail-host.org",
    "zhao dot liu at mail-host dot co dot uk": "zhao.liu@mail-host.co.uk",
    "zhao.liu(at)mail-host(dot)org": "zhao.liu@mail-host.org",
    "zhaoliu [at] example [dot] com": "zhaoliu@example.com",
    "zhao.liu (at) mail-host.org": "zhao.liu@mail-host.org",
    "zhao.liu艾特mail-host.org": "zhao.liu@mail-host.org",
    "zhao\\_liu@mail\\-host\\.org": "zhao_liu@mail-host.org",
    "139\\-8765\\-4321": "139-8765-4321",
    "邮箱zhaoliu@mail-host。org": "zhaoliu@mail-host.org",
    "邮箱zhaoliu艾特example点com": "zhaoliu@example.com",
    "zhaoliu 艾特 example 点 com": "zhaoliu@example.com",
    "| 139 | 8765 | 4321 |": "139 8765 4321",
    "<td>139</td><td>8765</td><td>4321</td>": "139 8765 4321",
    "139,8765,4321": "139 8765 4321",
    "手机 13,987,654,321": "13987654321",
    "card no. 4,111,111,111,111,111": "4111111111111111",
    "手机号是一、三、九、八、七、六、五、四、三、二、一": "13987654321",
    "1398765-\n4321": "13987654321",
}
STAYS = (
    "meet me @ example.com",
    "f(at).x and a[at]",
    "一个后缀。com 域名",
    "look at the dot in the middle",
    "revenue 13,987,654,321 in 2024",
    "columns 139, 8765, 432",
    "<td>2019</td><td>2020</td><td>2021</td>",
    "一、二、三、四",
    "1 < 2 and 3 > 2",
    "2019-\nreport",
)


@pytest.mark.parametrize("text", READS)
def test_what_is_written_out_reads_as_programs_write_it(text: str) -> None:
    (view,) = [v for v in views(text) if v.name == "written"]
    start = view.text.index(READS[text])
    span = view.original(Span(start, start + len(READS[text])))
    assert text[span.start].isalnum()
    assert text[span.end - 1].isalnum()


@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_value_stays(text: str) -> None:
    source = raw(text)
    assert written(source) is source


Lines = st.lists(st.one_of(st.sampled_from([*READS, *STAYS]), texts(2)), max_size=4).map("\n".join)


@given(Lines)
def test_a_form_is_looked_for_wherever_it_may_be(text: str) -> None:
    for form in _FORMS:
        for match in form.pattern.finditer(text):
            line = _line(text, match.start()) if form.one_line else text
            assert found(form.likely, line.encode())
            assert not form.one_line or "\n" not in match.group()


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


@given(Lines)
def test_a_long_text_reads_line_by_line_as_a_short_one(text: str) -> None:
    filler = "\n" + "nothing\n" * (LONG // 8)
    long = written(raw(filler + text + filler)).text
    assert long == filler + written(raw(text + "\n")).text.removesuffix("\n") + filler
