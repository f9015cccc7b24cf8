"""Where a value stands: prose, chat, tables, data, code and logs, in two languages. `{l}` is its
label, `{k}` the key that data and code use, `{v}` the value; other people's data around it is what
nobody must report."""

# ruff: noqa: E501 (a template reads better in one line)
from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Carrier:
    """`tight`: nothing but a blank may be added to the value, so it is written plainly there."""

    form: str
    text: str
    tight: bool = False


def _all(form: str, tight: bool, *texts: str) -> tuple[Carrier, ...]:
    return tuple(Carrier(form, t, tight) for t in texts)


ZH = (
    *_all(
        "prose", False,
        "请帮我核对一下{l}{v}是否正确，谢谢。",
        "他留下的{l}是{v}，下午三点前要用。",
        "根据登记信息，{l}为{v}；其余资料另附。",
        "我的{l}：{v}，麻烦今天处理。",
        "系统里{l}（{v}）和合同上写的不一致，请更正。",
        "{l}:{v}\n备注：无",
        "附件第3页写着，{l} {v}，2024年5月12日起生效。",
        "张伟，{l}【{v}】，已经核验过。",
        "客户反馈：{l}是 {v} ，请尽快回复",
    ),
    *_all(
        "chat", False,
        "我{l}{v}你记一下哈",
        "A：{l}发我\nB：{l}{v}\nA：收到👌",
        "亲，{l}填错啦，应该是{v}不是之前那个🙏",
        "{l}={v} 快点处理，等着用呢！！",
        "客服：请提供您的{l}\n用户：{v}",
    ),
    *_all(
        "table", True,
        "| 姓名 | {l} | 状态 |\n| --- | --- | --- |\n| 王芳 | {v} | 正常 |",
        "| 项目 | 内容 |\n|---|---|\n| {l} | {v} |\n| 备注 | 无 |",
        "姓名,{l},部门\n李雷,{v},财务部",
        "姓名\t{l}\t日期\n韩梅梅\t{v}\t2024-06-01",
        "<tr><td>{l}</td><td>{v}</td></tr>",
    ),
    *_all(
        "json", True,
        '{{"name": "王芳", "{l}": "{v}", "备注": "无"}}',
        '{{"user":{{"{k}":"{v}","age":31}},"ok":true}}',
    ),
    *_all(
        "code", True,
        '# 测试数据\nuser = {{"{k}": "{v}"}}\nsave(user)',
        "{k}: {v}  # {l}\nretries: 3",
        "2024-05-12 10:00:01.120 INFO [http-8] 查询成功 {k}={v} cost=35ms",
    ),
)  # fmt: skip
EN = (
    *_all(
        "prose", False,
        "Please check whether the {l} {v} is still valid.",
        "Her {l} is {v}, and she needs it before noon.",
        "According to the form, {l}: {v}; the rest is attached.",
        "We have your {l} on file ({v}).",
        "The {l} that I sent was {v}.",
        "{l}:{v}\nNotes: none",
        "Kindly update my {l} to {v} by 12 May 2024.",
    ),
    *_all(
        "chat", False,
        "my {l} is {v} pls help",
        "Agent: what is your {l}?\nCustomer: {v}",
        "hey, {l} = {v}, thx!!",
    ),
    *_all(
        "table", True,
        "| name | {l} | state |\n| --- | --- | --- |\n| Ann | {v} | ok |",
        "name,{l},team\nBob,{v},finance",
        "<tr><th>{l}</th><td>{v}</td></tr>",
    ),
    *_all(
        "json", True,
        '{{"name": "Ann", "{k}": "{v}", "age": 31}}',
        '[{{"id": 7, "{l}": "{v}"}}]',
    ),
    *_all(
        "code", True,
        'customer.{k} = "{v}"  # from the form',
        "2024-05-12T10:00:01Z INFO lookup done {k}={v} took=35ms",
        "INSERT INTO person ({k}) VALUES ('{v}');",
        "{k}: {v}\nretries: 3",
    ),
)  # fmt: skip
BARE_ZH = _all(
    "prose", False,
    "刚才那位留的是{v}，你试试看。", "请把{v}加到名单里。", "{v}", "还是用{v}吧，别的都不行",
)  # fmt: skip
BARE_EN = _all("prose", False, "Try {v} instead.", "Please add {v} to the list.", "{v}")  # fmt: skip


def carrier(rng: Random, language: str, *, bare: bool) -> Carrier:
    """A mixed text has the frame of one language and the label of the other."""
    zh = language == "zh" or (language == "mixed" and rng.random() < 0.5)
    if bare and rng.random() < 0.15:
        return rng.choice(BARE_ZH if zh else BARE_EN)
    return rng.choice(ZH if zh else EN)
