"""What callers of the API are told when something is refused or fails, in both languages, one entry
each. Programs read `code` and `type`; these are for people. An entry names what is wrong and where,
never a value that was sent. Errors of the audit log: `audit.words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from threegate.types import Bilingual

ERRORS: Mapping[str, Bilingual] = {
    # before it is a call
    "header-controls": Bilingual("请求头含有控制字符", "a header holds control characters"),
    "header-ascii": Bilingual(
        "此请求头只能含可打印的 ASCII 字符", "this header must be printable ASCII"
    ),
    "compressed": Bilingual("不接受压缩的请求", "compressed requests are not accepted"),
    "body-late": Bilingual("请求正文没有及时到达", "the body did not arrive in time"),
    "body-large": Bilingual("请求正文超过 {limit} 字节", "the body is larger than {limit} bytes"),
    "key": Bilingual("需要有效的 API 密钥", "a valid API key is needed"),
    "no-policy": Bilingual("没有策略绑定到此调用方", "no policy is bound to this caller"),
    "unknown-path": Bilingual(
        "此路径不提供：文件、批处理等不受检查的接口一律关闭",
        "this path is not served: files, batches and all else that is not checked are closed",
    ),
    "overloaded": Bilingual("护栏此刻的请求过多", "the guard has too many calls at this moment"),
    # the body
    "bom": Bilingual(
        "请求正文以字节顺序标记开头", "the request body starts with a byte order mark"
    ),
    "no-object": Bilingual("请求正文不是 JSON 对象", "the request body is not a JSON object"),
    "deep": Bilingual(
        "请求正文在 {place} 处嵌套超过 {limit} 层",
        "the request body is nested deeper than {limit} at {place}",
    ),
    "twice": Bilingual(
        "请求正文中的键出现两次：{place}", "the request body has a key twice at {place}"
    ),
    "huge": Bilingual(
        "请求正文在 {place} 处有超过 2**53 的整数，各 JSON 解析器会将其舍入",
        "the request body has an integer beyond 2**53, which JSON readers round at {place}",
    ),
    "no-utf8": Bilingual(
        "请求正文在第 {byte} 字节处不是 UTF-8", "the request body is not UTF-8 at byte {byte}"
    ),
    "no-json": Bilingual(
        "请求正文不是有效的 JSON：第 {line} 行第 {column} 列",
        "the request body is not valid JSON at line {line} column {column}",
    ),
    "needed": Bilingual("缺少 {place}", "{place} is needed"),
    "kind": Bilingual("{place} 应为{kinds}", "{place} must be {kinds}"),
    "string": Bilingual("字符串", "a string"),
    "number": Bilingual("数字", "a number"),
    "integer": Bilingual("整数", "an integer"),
    "boolean": Bilingual("布尔值", "a boolean"),
    "array": Bilingual("数组", "an array"),
    "object": Bilingual("对象", "an object"),
    "token-ids": Bilingual(
        "以词元编号给出的文字无法检查：{place}；请发送字符串",
        "text given as token ids cannot be checked: {place}; send strings",
    ),
    "texts": Bilingual("请求中的文字超过 {limit} 段", "the request holds more than {limit} texts"),
    # limits of a caller
    "limit-requests": Bilingual("已达到请求数上限", "the limit of requests is reached"),
    "limit-calls": Bilingual(
        "已达到同时请求数上限", "the limit of calls at the same time is reached"
    ),
    "limit-tokens": Bilingual("已达到词元数上限", "the limit of tokens is reached"),
    "context": Bilingual("上下文超过 {limit} 个词元", "the context is larger than {limit} tokens"),
    # rules of layer 2
    "model-not-allowed": Bilingual("不允许使用此模型", "this model is not allowed"),
    "field-denied": Bilingual("不允许使用字段 {name}", "the field {name} is not allowed"),
    "unknown-field": Bilingual("有字段不在允许的名单中", "a field is not on the allow-list"),
    "images": Bilingual("不允许图片", "images are not allowed"),
    "tools": Bilingual("工具超过 {limit} 个", "more than {limit} tools"),
    "tool-result": Bilingual(
        "工具结果超过 {limit} 字节", "a tool result is larger than {limit} bytes"
    ),
    "reasoning": Bilingual(
        "含工具调用的轮次必须带上产生这些调用的思考过程",
        "a turn with tool calls must bring the reasoning that led to them",
    ),
    # the model API
    "no-model": Bilingual("没有模型接口提供此模型", "no model API serves this model"),
    "upstream-away": Bilingual(
        "此模型的所有模型接口都不可用", "every model API for this model is away"
    ),
    "upstream-busy": Bilingual(
        "此模型的所有模型接口都在忙", "every model API for this model is busy"
    ),
    "upstream-late": Bilingual("模型接口没有及时回答", "the model API did not answer in time"),
    "upstream-unreached": Bilingual("无法连接模型接口", "the model API cannot be reached"),
    "upstream-redirects": Bilingual("模型接口要求重定向", "the model API redirects"),
    "upstream-compresses": Bilingual("模型接口压缩了回答", "the model API compresses its answer"),
    "upstream-silent": Bilingual(
        "模型接口不再发送，或回答用时过长",
        "the model API fell silent, or its answer took too long",
    ),
    "upstream-broke-off": Bilingual("模型接口中断了回答", "the model API broke off its answer"),
    "upstream-ended": Bilingual("模型接口提前结束了回答", "the model API ended its answer early"),
    "upstream-status": Bilingual(
        "模型接口返回状态 {status}", "the model API answered with status {status}"
    ),
    "upstream-key": Bilingual(
        "模型接口拒绝代理的密钥", "the model API refuses the key of the proxy"
    ),
    "answer-large": Bilingual("模型接口的回答过大", "the model API's answer is too large"),
    "answer": Bilingual("回答", "an answer"),
    "event": Bilingual("事件", "an event"),
    "answer-no-json": Bilingual(
        "模型接口发来的{what}不是 JSON", "the model API sent {what} that is not JSON"
    ),
    "answer-no-object": Bilingual(
        "模型接口发来的{what}不是 JSON 对象", "the model API sent {what} that is no JSON object"
    ),
    "answer-deep": Bilingual(
        "模型接口发来的{what}嵌套超过 {limit} 层",
        "the model API sent {what} nested deeper than {limit}",
    ),
    "answer-texts": Bilingual(
        "模型接口的一个回答中文字超过 {limit} 段",
        "the model API sent more than {limit} texts in one answer",
    ),
    "answer-choices": Bilingual(
        "模型接口发来的 choices 结构未知", "the model API sent choices of an unknown shape"
    ),
    "event-index": Bilingual(
        "模型接口发来的 choice 的 index 不是数字",
        "the model API sent a choice whose index is no number",
    ),
    "event-shape": Bilingual(
        "模型接口发来的事件结构未知", "the model API sent an event of an unknown shape"
    ),
    "event-parts": Bilingual(
        "模型接口的一个回答中部分太多", "the model API sent too many parts in one answer"
    ),
    "event-text": Bilingual(
        "模型接口发来的文字不是字符串", "the model API sent a text that is no string"
    ),
    "event-tool-input": Bilingual(
        "模型接口在增量之外发来工具输入", "the model API sent tool input outside a delta"
    ),
    "event-large": Bilingual(
        "流中的事件超过 {limit} 字节", "an event of the stream is larger than {limit} bytes"
    ),
    # what is ours alone
    "ours": Bilingual("护栏无法处理此请求。", "The guard could not handle this request."),
}


def said(name: str, /, **details: object) -> Bilingual:
    """The text of one entry. Missing details are a bug and raise KeyError."""
    entry = ERRORS[name]
    if not details:
        return entry
    return Bilingual(_filled(entry, details, "zh"), _filled(entry, details, "en"))


def either(names: Iterable[str]) -> Bilingual:
    """One of these, in words."""
    words = [ERRORS[name] for name in names]
    return Bilingual("或".join(w.zh for w in words), " or ".join(w.en for w in words))


def _filled(entry: Bilingual, details: Mapping[str, object], language: str) -> str:
    """A detail may itself be in both languages."""
    told = {k: v.get(language) if isinstance(v, Bilingual) else v for k, v in details.items()}
    return entry.get(language).format_map(told)
