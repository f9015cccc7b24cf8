# ruff: noqa: E501 - bilingual texts stay in one piece
# ruff: noqa: RUF009 - doc() makes dataclass fields
"""A rule of the input or output layer: what it looks for, what it does, its exceptions and tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from threegate.policy.language.shapes import Date, ExceptionId, Host, Id, Kind, Located, Sha256, doc
from threegate.policy.model import MaskStyle, Mode, StreamMode
from threegate.policy.schema.callers import When
from threegate.types import Action, Bilingual, Channel, Layer, Level


class Restore(StrEnum):
    CLIENT = "client"
    NEVER = "never"


class ReasonCode(StrEnum):
    """Why an exception exists."""

    APPROVED_USE = "approved_use"
    FALSE_POSITIVE = "false_positive"
    TEST_DATA = "test_data"
    FIX_PLANNED = "fix_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptMatch(When):
    """例外的适用对象 / What an exception covers"""

    value_sha256: tuple[Sha256, ...] = doc(
        "只放行这些值：由 `threegate policy hash` 得到的 SHA-256",
        "only these values: SHA-256 as `threegate policy hash` makes it",
        (),
    )
    value_salt: str = doc(
        "求 SHA-256 前加在值前面的文字", "text put before each value in its SHA-256", ""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional(Located):
    """例外 / An exception, inside the rule it weakens"""

    id: ExceptionId = doc("例外编号", "id of the exception")
    match: ExceptMatch = doc("适用对象，至少写一项", "what it covers, at least one condition")
    reason: ReasonCode = doc("原因", "reason code")
    approver: str = doc("批准人", "who approved it")
    expires: Date = doc("失效日期，当天仍有效", "last day on which it holds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsSpec(Located):
    """事实核查 / Fact check"""

    sources: tuple[str, ...] = doc(
        "可作依据的来源：system、user、tool_result、context、knowledge 或 knowledge/名称",
        "sources of claims: system, user, tool_result, context, knowledge or knowledge/name",
        ("system", "user", "tool_result", "context", "knowledge"),
    )
    contradicted: Level = doc(
        "判为矛盾所需的把握", "confidence needed for contradicted", Level.MEDIUM
    )
    unsupported: Level = doc(
        "判为无依据所需的把握", "confidence needed for unsupported", Level.HIGH
    )
    cite: bool = doc("在回答里标注依据", "mark the evidence in the answer", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSpec(Located):
    """检测什么 / What to look for"""

    any: tuple[Kind, ...] = doc("出现其中任何一类即命中", "one of these kinds is enough", ())
    all: tuple[Kind, ...] = doc("同一段文字里须全部出现", "all of these in the same passage", ())
    none: tuple[Kind, ...] = doc(
        "出现其中一类则不命中", "the rule does not match if one of these is found", ()
    )
    levels: dict[Kind, Level] = doc(
        "个别类别的级别，优先于 level", "level of single kinds, before `level`", {}
    )
    claims: ClaimsSpec | None = doc("事实核查", "fact check", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockThen(Located):
    """拦截 / Block"""

    status: int | None = doc(
        "返回的 HTTP 状态码；不写则返回 finish_reason: content_filter",
        "HTTP status; without it the answer ends with finish_reason: content_filter",
        None,
        low=400,
        high=499,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerThen(Located):
    """代答 / Curated reply"""

    use: Id = doc(
        "代答文件：answers/<名称>.zh.md 和 answers/<名称>.en.md",
        "reply files: answers/<name>.zh.md and answers/<name>.en.md",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceThen(Located):
    """替换 / Replace"""

    replacement: str = doc("替换成的文字", "text put in its place", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskThen(Located):
    """脱敏 / Mask"""

    restore: Restore | tuple[str, ...] = doc(
        "client：在给同一客户端的回答和所有工具参数里还原；[工具名]：工具参数只还原这些工具的；never：不还原",
        "client: restored in the answer to this client and in the arguments of every tool; "
        "[tool names]: in the arguments of these tools only; never: stays masked",
        Restore.CLIENT,
    )
    hosts: tuple[Host, ...] = doc(
        "还可以在指向这些主机的链接里还原；其他地址里一律不还原",
        "hosts in whose links values are restored too; in any other address none is",
        (),
    )
    style: MaskStyle = doc("替代形式", "form of the pseudonym", MaskStyle.PLACEHOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainThen(Located):
    """无选项的动作 / An action without options"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then(Located):
    """命中后的动作，写一个；事实核查写三个 on_ / What happens: one action; for claims the three on_ keys"""

    block: BlockThen | None = doc("拦截", "stop the request or the answer", None)
    answer: AnswerThen | None = doc("用预先写好的回答代替", "give a curated reply instead", None)
    rewrite: ReplaceThen | None = doc(
        "把命中的句子改写成固定文字", "replace the sentence by a fixed text", None
    )
    redact: ReplaceThen | None = doc("删除该值，不可还原", "remove the value for good", None)
    mask: MaskThen | None = doc("用可还原的占位符替换", "replace the value by a placeholder", None)
    annotate: PlainThen | None = doc(
        "放行并在回答里注明", "let through with a note in the answer", None
    )
    flag: PlainThen | None = doc("放行并记录", "let through and record", None)
    on_contradicted: Action | None = doc("与来源矛盾时", "when a source contradicts it", None)
    on_unsupported: Action | None = doc("来源里没有依据时", "when no source supports it", None)
    on_no_source: Action | None = doc("没有来源可核查时", "when there is no source to check", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Located):
    """一条测试 / One test of a detection rule"""

    text: str = doc("要检测的文字", "the text")
    channel: Channel | None = doc(
        "所在位置；默认 user 或 content", "position; default: user or content", None
    )
    question: str = doc("用户的问题（测试回答时）", "the user's question (for answers)", "")
    sources: tuple[str, ...] = doc("来源文字（事实核查）", "source texts (fact check)", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests(Located):
    """测试 / Tests: at least one of each"""

    match: tuple[Sample, ...] = doc("必须命中", "must match", ())
    no_match: tuple[Sample, ...] = doc("不得命中", "must not match", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSpec(Located):
    """规则生效的比例范围，超出上限则自动停用 / How often the rule may act; above that it is stopped"""

    max: float = doc(
        "生效的调用最多占百分之几；超出则规则转为只记录",
        "most calls it may act on, in percent; above that the rule only records",
        100.0,
        high=100,
    )
    min: float = doc(
        "生效的调用至少占百分之几；低于则只告警",
        "fewest calls it should act on, in percent; below that an alert is raised",
        0.0,
        high=100,
    )
    minutes: int = doc("统计最近多少分钟", "minutes looked back", 10, low=1, high=1440)
    calls: int = doc(
        "至少多少次调用才作数", "minimum number of calls before it applies", 200, low=20, high=10**6
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinionSpec(Located):
    """第二意见：把握不足的结果由更大的模型确认 / A larger model confirms what is unsure"""

    ask: Kind = doc(
        "问哪个评判模型：judge.名称，或它的一类", "which judge: judge.name, or one of its kinds"
    )
    levels: tuple[Level, ...] = doc(
        "哪些级别的结果要先确认", "findings at these levels need it", (Level.LOW, Level.MEDIUM)
    )
    confirm: Level = doc(
        "评判模型从哪个级别起算确认",
        "minimum level of the judge that confirms",
        Level.MEDIUM,
    )
    deadline_ms: int = doc("时限，毫秒", "deadline in milliseconds", 2000, low=10, high=60000)
    on_error: Action | None = doc(
        "评判模型出错时；不写则规则照常生效", "when the judge fails; without it the rule acts", None
    )
    on_timeout: Action | None = doc(
        "评判模型超时时；不写则规则照常生效",
        "when the judge times out; without it the rule acts",
        None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Located):
    """输入层或输出层的规则 / A rule of the input or output layer"""

    id: Id = doc("规则编号，全局唯一", "id of the rule, unique")
    title: Bilingual = doc("标题", "title")
    owner: str = doc("负责人或部门", "responsible person or department")
    why: tuple[str, ...] = doc("依据：分类编号", "reasons: taxonomy ids")
    layer: Layer = doc("层：input、output", "layer: input, output")
    where: tuple[Channel, ...] = doc("检测哪些位置", "channels it looks at")
    when: When = doc("只对哪些调用生效", "only for these callers", When())
    detect: DetectSpec = doc("检测什么", "what to look for")
    level: Level = doc(
        "从哪个级别起命中：low 最宽，high 最严格",
        "minimum level to match: low is broad, high is strict",
        Level.MEDIUM,
    )
    then: Then = doc("命中后的动作", "what happens")
    on_error: Action = doc("检测器出错时", "when a detector fails", Action.BLOCK)
    on_timeout: Action = doc("检测超时时", "when a detector times out", Action.BLOCK)
    deadline_ms: int = doc("检测时限，毫秒", "deadline in milliseconds", 2000, low=10, high=60000)
    mode: Mode = doc(
        "off 停用，shadow 只记录，enforce 生效",
        "off, shadow (record only) or enforce",
        Mode.ENFORCE,
    )
    rollout: int = doc("生效的会话百分比", "percent of conversations", 100, low=0, high=100)
    band: BandSpec | None = doc(
        "生效的比例范围；超出则自动停用", "how often it may act before it is stopped", None
    )
    second_opinion: SecondOpinionSpec | None = doc(
        "第二意见", "second opinion on uncertain findings", None
    )
    stream: StreamMode = doc(
        "流式输出：hold 判定后放行，cut 先放行再中断",
        "streams: hold until judged, or cut when judged",
        StreamMode.HOLD,
    )
    message: Bilingual | None = doc("给用户的说明", "message to the client", None)
    exceptions: tuple[Exceptional, ...] = doc("例外", "exceptions", (), key="except")
    tests: Tests = doc("测试", "tests", Tests())
    review_by: Date | None = doc("下次复审日期", "next review", None)
