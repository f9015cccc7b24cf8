# ruff: noqa: E501 - bilingual texts stay in one piece
# ruff: noqa: RUF009 - doc() makes dataclass fields
"""What a policy file may say: one class per construct, one described field per key.

The decoder, `schema.json` and the reference in `policies/README.md` derive from these classes.
Nothing here acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from threegate.policy.model import (
    KeepHistory,
    Label,
    MaskStyle,
    Mode,
    Place,
    Show,
    StreamMode,
)
from threegate.policy.shapes import (
    Date,
    ExceptionId,
    Id,
    Kind,
    Located,
    Name,
    Path,
    Regex,
    Sha256,
    doc,
)
from threegate.types import Action, Bilingual, Channel, Layer, Level


class Match(StrEnum):
    WORD = "word"
    SUBSTRING = "substring"
    SOUND = "sound"


class Restore(StrEnum):
    CLIENT = "client"
    NEVER = "never"


class Unknown(StrEnum):
    DROP = "drop"
    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105


class Arguments(StrEnum):
    ANY = "any"
    SCHEMA = "schema"


class Check(StrEnum):
    SAME = "same"
    SEPARATE = "separate"


class Images(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class AuditLevel(StrEnum):
    NONE = "none"
    METADATA = "metadata"
    REDACTED = "redacted"
    FULL = "full"


class OnAuditFailure(StrEnum):
    FAIL_REQUEST = "fail_request"
    SPOOL = "spool"
    CONTINUE = "continue"


class ReasonCode(StrEnum):
    """Why an exception exists."""

    APPROVED_USE = "approved_use"
    FALSE_POSITIVE = "false_positive"
    TEST_DATA = "test_data"
    FIX_PLANNED = "fix_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Located):
    """适用对象 / Which callers"""

    tenant: tuple[str, ...] = doc("租户；空表示全部", "tenants; none means all", ())
    key: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    route: tuple[str, ...] = doc("路径，末尾可写 *", "paths, may end in *", ())
    model: tuple[str, ...] = doc("模型名，末尾可写 *", "model names, may end in *", ())
    language: tuple[str, ...] = doc("语言：zh、en", "languages: zh, en", ())


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
        "what claims may rest on: system, user, tool_result, context, knowledge or knowledge/name",
        ("system", "user", "tool_result", "context", "knowledge"),
    )
    contradicted: Level = doc(
        "判为矛盾所需的把握", "sureness needed for contradicted", Level.MEDIUM
    )
    unsupported: Level = doc("判为无依据所需的把握", "sureness needed for unsupported", Level.HIGH)
    cite: bool = doc("在回答里标注依据", "mark the evidence in the answer", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSpec(Located):
    """检测什么 / What to look for"""

    any: tuple[Kind, ...] = doc("出现其中任何一类即命中", "one of these kinds is enough", ())
    all: tuple[Kind, ...] = doc("同一段文字里须全部出现", "all of these in the same passage", ())
    none: tuple[Kind, ...] = doc(
        "出现其中一类则不命中", "the rule rests if one of these is found", ()
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

    restore: Restore = doc(
        "client：在给同一客户端的回答里还原；never：不还原",
        "client: restored in the answer to this client; never: stays masked",
        Restore.CLIENT,
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
    mask: MaskThen | None = doc("用可还原的代号替换", "replace the value by a pseudonym", None)
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
        "所在位置；默认 user 或 content", "where it stands; default: user or content", None
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
    """规则生效的比例范围，超出上限则自动停用 / How often the rule may act; above that it stops itself"""

    max: float = doc(
        "生效的调用最多占百分之几；超出则规则转为只记录",
        "most calls it may act on, in percent; above that the rule only records",
        100.0,
        high=100,
    )
    min: float = doc(
        "生效的调用至少占百分之几；低于则只告警",
        "fewest calls it should act on, in percent; below that somebody is told",
        0.0,
        high=100,
    )
    minutes: int = doc("统计最近多少分钟", "minutes looked back", 10, low=1, high=1440)
    calls: int = doc(
        "至少多少次调用才作数", "calls needed before it counts", 200, low=20, high=10**6
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Located):
    """输入层或输出层的规则 / A rule of the input or output layer"""

    id: Id = doc("规则编号，全局唯一", "id of the rule, unique")
    title: Bilingual = doc("标题", "title")
    owner: str = doc("负责人或部门", "person or office that answers for it")
    why: tuple[str, ...] = doc("依据：分类编号", "reasons: taxonomy ids")
    layer: Layer = doc("层：input、output", "layer: input, output")
    where: tuple[Channel, ...] = doc("检测哪些位置", "channels it looks at")
    when: When = doc("只对哪些调用生效", "only for these callers", When())
    detect: DetectSpec = doc("检测什么", "what to look for")
    level: Level = doc(
        "从哪个级别起命中：low 最宽，high 最严格",
        "from which level on: low is broad, high is strict",
        Level.MEDIUM,
    )
    then: Then = doc("命中后的动作", "what happens")
    on_error: Action = doc("检测器出错时", "when a detector fails", Action.BLOCK)
    on_timeout: Action = doc("检测超时时", "when a detector is late", Action.BLOCK)
    deadline_ms: int = doc("检测时限，毫秒", "deadline in milliseconds", 2000, low=10, high=60000)
    mode: Mode = doc(
        "off 停用，shadow 只记录，enforce 生效",
        "off, shadow (record only) or enforce",
        Mode.ENFORCE,
    )
    rollout: int = doc("生效的会话百分比", "percent of conversations", 100, low=0, high=100)
    band: BandSpec | None = doc(
        "生效的比例范围；超出则自动停用", "how often it may act before it stops itself", None
    )
    stream: StreamMode = doc(
        "流式输出：hold 判定后放行，cut 先放行再中断",
        "streams: hold until judged, or cut when judged",
        StreamMode.HOLD,
    )
    message: Bilingual | None = doc("给用户的说明", "what the client is told", None)
    exceptions: tuple[Exceptional, ...] = doc("例外", "exceptions", (), key="except")
    tests: Tests = doc("测试", "tests", Tests())
    review_by: Date | None = doc("下次复审日期", "next review", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstitutionSpec(Located):
    """价值对齐文本 / Constitution"""

    file: Path = doc("文本文件", "text file")
    place: Place = doc("放在哪里", "where it goes", Place.AUTO)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseSpec(Located):
    """按输入命中追加的条款 / A clause added when the input held one of these kinds"""

    kinds: tuple[Kind, ...] = doc("输入层的类别", "kinds found in the input")
    text: str = doc("追加的文字", "text added to the constitution")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampSpec(Located):
    """参数范围 / Bounds of one parameter"""

    min: float | None = doc("下限", "lower bound", None)
    max: float | None = doc("上限", "upper bound", None)
    default: float | None = doc("未给出时的值", "value when the client gives none", None)
    force: float | None = doc("固定值", "fixed value", None)
    drop: bool = doc("删除该参数", "remove the parameter", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSpec(Located):
    """模型 / Models"""

    allow: tuple[str, ...] | None = doc(
        "允许的模型（别名解析后）", "allowed models (after aliases)", None
    )
    alias: dict[str, str] = doc("别名", "aliases", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsSpec(Located):
    """工具 / Tools"""

    allow: tuple[str, ...] | None = doc("允许的工具名", "allowed tool names", None)
    deny: tuple[str, ...] = doc("禁止的工具名", "refused tool names", ())
    arguments: Arguments = doc(
        "schema：模型给出的参数须符合工具的 JSON Schema",
        "schema: arguments must satisfy the tool's JSON Schema",
        Arguments.ANY,
    )
    max: int = doc("工具个数上限", "most tools in a request", 128, low=0, high=128)
    result_bytes: int = doc(
        "工具结果的字节上限", "most bytes of one tool result", 1 << 20, low=1, high=1 << 26
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSpec(Located):
    """请求字段 / Request fields"""

    allow: tuple[str, ...] | None = doc("允许的字段", "allowed fields", None)
    deny: tuple[str, ...] = doc(
        "禁止的字段，也看每条消息；`guided_*` 指所有以此开头的；`prefill`：以助手的话结尾",
        "refused fields, of each message too; `guided_*`: all that begin so; `prefill`: a last turn "
        "of the assistant",
        (),
    )
    force: dict[str, Any] = doc("固定的字段值", "forced values", {})
    unknown: Unknown = doc(
        "不在 allow 里的字段怎么办", "what happens to fields outside `allow`", Unknown.DROP
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningSpec(Located):
    """思考过程 / Reasoning"""

    show: Show = doc("是否给客户端看", "whether the client sees it", Show.SHOWN)
    check: Check = doc(
        "same：与回答同样检查；separate：只用写明 reasoning 的规则",
        "same: content rules apply; separate: only rules naming reasoning",
        Check.SAME,
    )
    history: KeepHistory = doc("历史消息里的思考过程", "reasoning in the history", KeepHistory.PASS)
    notice: Bilingual | None = doc("隐藏时的提示", "notice when hidden", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec(Located):
    """用量上限，按租户和密钥 / Limits per tenant and key"""

    requests_per_minute: int | None = doc(
        "每分钟请求数", "requests per minute", None, low=1, high=10**9
    )
    tokens_per_minute: int | None = doc(
        "每分钟词元数", "tokens per minute", None, low=1, high=10**12
    )
    tokens_per_day: int | None = doc("每天词元数", "tokens per day", None, low=1, high=10**15)
    concurrency: int | None = doc(
        "同时进行的请求数", "requests at the same time", None, low=1, high=10**6
    )
    context_tokens: int | None = doc("上下文词元数", "tokens of context", None, low=1, high=10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFormatSpec(Located):
    """回答格式 / Answer format"""

    json_schema: Path | None = doc(
        "JSON Schema 文件；没有则用请求要求的格式",
        "JSON Schema file; without one, what the request asks for",
        None,
    )
    max_chars: int | None = doc("回答的字符上限", "most characters", None, low=1, high=10**7)
    must_say: tuple[str, ...] = doc(
        "回答须含其中一句", "one of these phrases must be in the answer", ()
    )
    on_invalid: Action = doc("不符合时", "when the answer does not fit", Action.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrain(Located):
    """约束 / Constraints"""

    constitution: ConstitutionSpec | None = doc("价值对齐文本", "constitution text", None)
    clauses: tuple[ClauseSpec, ...] = doc("按输入命中追加的条款", "clauses added by findings", ())
    clamp: dict[str, ClampSpec] = doc("参数范围", "bounds of parameters", {})
    models: ModelsSpec | None = doc("模型", "models", None)
    tools: ToolsSpec | None = doc("工具", "tools", None)
    fields: FieldsSpec | None = doc("请求字段", "request fields", None)
    reasoning: ReasoningSpec | None = doc("思考过程", "reasoning", None)
    limits: LimitsSpec | None = doc("用量上限", "limits", None)
    response_format: ResponseFormatSpec | None = doc("回答格式", "answer format", None)
    images: Images | None = doc("图片", "images", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Located):
    """一条约束测试 / One test of a constraint"""

    request: dict[str, Any] = doc("请求里的字段", "fields of the request")
    becomes: dict[str, Any] | None = doc(
        "变成的字段；null 表示被删除", "fields afterwards; null means removed", None
    )
    refused: bool = doc("请求被拒绝", "the request is refused", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTests(Located):
    """约束测试 / Tests of a constraint"""

    match: tuple[Change, ...] = doc("请求被改变或拒绝", "the request is changed or refused", ())
    no_match: tuple[Change, ...] = doc("请求不变", "the request stays as it is", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintRule(Located):
    """约束层的规则 / A rule of the constraint layer"""

    id: Id = doc("规则编号，全局唯一", "id of the rule, unique")
    title: Bilingual = doc("标题", "title")
    owner: str = doc("负责人或部门", "person or office that answers for it")
    why: tuple[str, ...] = doc("依据：分类编号", "reasons: taxonomy ids")
    layer: Layer = doc("层：constraint", "layer: constraint")
    when: When = doc("只对哪些调用生效", "only for these callers", When())
    then: Constrain = doc("约束", "constraints")
    mode: Mode = doc(
        "off 停用，shadow 只记录，enforce 生效",
        "off, shadow (record only) or enforce",
        Mode.ENFORCE,
    )
    rollout: int = doc("生效的会话百分比", "percent of conversations", 100, low=0, high=100)
    message: Bilingual | None = doc("给用户的说明", "what the client is told", None)
    tests: ConstraintTests = doc("测试", "tests", ConstraintTests())
    review_by: Date | None = doc("下次复审日期", "next review", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Located):
    """词表；类别是 list.<名称> / A word list; its kind is list.<name>"""

    words: tuple[str, ...] = doc("词", "words", ())
    file: Path | None = doc("词表文件，每行一个词", "file with one word per line", None)
    match: Match = doc(
        "word：英文数字按整词；substring：任意位置；sound：任意位置，并按拼音匹配同音词",
        "word: whole words for ASCII; substring: anywhere; sound: anywhere, and what sounds alike in Chinese",
        Match.SUBSTRING,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples(Located):
    """正则的例子，加载时核对 / Examples of a pattern, checked at load"""

    match: tuple[str, ...] = doc("必须匹配", "must match", ())
    no_match: tuple[str, ...] = doc("不得匹配", "must not match", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySpec(Located):
    """用描述和例子定义的类别 / A category given by description and examples"""

    describe: Bilingual = doc("描述", "description")
    examples: tuple[str, ...] = doc("属于该类的例子", "examples")
    counter_examples: tuple[str, ...] = doc("不属于该类的例子", "examples that are not meant")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec(Located):
    """自定义检测器 / A detector of your own: pattern.<name> or category.<name>"""

    regex: Regex | None = doc("RE2 正则表达式", "RE2 pattern", None)
    examples: Examples = doc("正则的例子", "examples of the pattern", Examples())
    level: Level = doc("命中的级别", "level of its findings", Level.HIGH)
    edges: bool = doc("两侧不得紧邻英文字母或数字", "no ASCII letter or digit may touch it", True)
    category: CategorySpec | None = doc("语义类别", "category by meaning", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeSpec(Located):
    """知识库 / A knowledge base"""

    files: tuple[Path, ...] = doc("文档", "documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpec(Located):
    """审计 / Audit"""

    level: AuditLevel = doc("记录多少", "how much is recorded", AuditLevel.METADATA)
    on_failure: OnAuditFailure = doc(
        "写不进审计时", "when a record cannot be written", OnAuditFailure.FAIL_REQUEST
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledSpec(Located):
    """不加文内标识的提供（标识办法第九条） / Delivery without the sign in the text (labelling measures,
    article 9)"""

    id: ExceptionId = doc("编号，写入审计记录", "id, stands in the audit record")
    tenants: tuple[str, ...] = doc("提出要求的租户", "tenants that asked for it", ())
    keys: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    agreement: str = doc(
        "约定用户责任的协议及版本", "the agreement, with its version, that makes the user answer"
    )
    agreed: Date = doc("约定日期，自当天起", "day of the agreement, its first day")
    expires: Date | None = doc("失效日期，当天仍有效", "last day on which it holds", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec(Located):
    """绑定：谁用哪个策略包 / Which callers get which pack; the first match wins"""

    pack: Id = doc("策略包", "pack")
    route: str = doc("路径，末尾可写 *", "path, may end in *", "")
    tenants: tuple[str, ...] = doc("租户", "tenants", ())
    keys: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    models: tuple[str, ...] = doc("模型名", "model names", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack(Located):
    """策略包，一个文件 / A pack: one file"""

    pack: Id = doc("名称，与文件名相同", "name, same as the file's")
    title: Bilingual = doc("标题", "title")
    version: str = doc("版本号，给人看", "version, for people", "")
    extends: tuple[Id, ...] = doc(
        "以哪些包为基础；只能加强", "packs it builds on; it may only strengthen", ()
    )
    label: Label | None = doc("AI 生成内容标识", "AI-content label", None)
    unlabelled: tuple[UnlabelledSpec, ...] = doc(
        "谁的回答不加文内标识，依据哪份协议",
        "whose answers get no sign in the text, under which agreement",
        (),
    )
    audit: AuditSpec | None = doc("审计", "audit", None)
    pass_through: tuple[str, ...] = doc("不检查、直接转发的路径", "paths passed on unguarded", ())
    lists: dict[Name, ListSpec] = doc("词表", "word lists", {})
    detectors: dict[Name, DetectorSpec] = doc("自定义检测器", "own detectors", {})
    recognizers: tuple[dict[str, Any], ...] = doc(
        "Presidio 格式的识别器", "recognizers in Presidio's format", ()
    )
    knowledge: dict[Name, KnowledgeSpec] = doc("知识库", "knowledge bases", {})
    rules: tuple[Rule | ConstraintRule, ...] = doc("规则", "rules", ())
    bindings: tuple[BindingSpec, ...] = doc("绑定", "bindings", ())
