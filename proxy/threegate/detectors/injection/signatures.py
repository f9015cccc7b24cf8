"""The table behind `injection.py`: wordings that are seldom anything but an injection. RE2 syntax.

Few and plain on purpose: what needs judgement is the guard model's. Further ones are in
`signatures_wordings`. `{…}` in a pattern is bounded, so that no match is longer than
`injection.MAX_MATCH`. Levels: HIGH where honest text hardly has it, MEDIUM where a writer on the
subject may quote it, LOW where it is a hint only.
"""

# ruff: noqa: E501 (a pattern reads better on one line)
from __future__ import annotations

from dataclasses import dataclass

from threegate.types import Channel, Level

SIGNATURE, DELIMITER = "injection.signature", "injection.role_delimiter"

TOOL = frozenset({Channel.TOOL_RESULT})
INPUT = frozenset({Channel.SYSTEM, Channel.USER, Channel.ASSISTANT, Channel.TOOL_RESULT})
FOREIGN = frozenset({Channel.USER, Channel.TOOL_RESULT})


@dataclass(frozen=True, slots=True)
class Signature:
    """`note` names it in findings. `negatable`: a "do not" in front turns it into the opposite.
    `mentioned`: in quotes behind a user's own words it is only talked about, LOW."""

    note: str
    kind: str
    level: Level
    pattern: str
    channels: frozenset[Channel] = INPUT
    negatable: bool = False
    mentioned: bool = False


_S, _S0 = r"\s{1,4}", r"\s{0,4}"
_W = r"(?:[\w'’-]{1,24}[,]?\s{1,4})"
_OLD = r"(?:previous|prior|above|preceding|earlier|foregoing|existing|original|initial|all|any|system|your)"
_ORDERS = r"(?:instructions?|prompts?|guidelines?|directions?|directives?|commands?|programming|constraints?|rules)"
_LETGO = r"(?:ignore|disregard|forget|override|discard|neglect|overlook)"
_ZH_LETGO = r"(?:忽略|无视|無視|忘记|忘記|忘掉|抛开|拋開|抛弃|丢弃|不要理会|不必理会|不用理会|不再遵守|不必遵守|不用遵守|别管|别理会)"
_ZH_OLD = r"(?:之前|以前|此前|先前|上面|以上|上述|前面|前述|原有|原来|原先|原來|所有|一切|全部|任何|系统|系統|你的|您的|既定|预设|預設|初始)"
_ZH_ORDERS = r"(?:指令|指示|提示词|提示語|提示语|提示詞|系统提示|命令|设定|設定|prompt)"
_ZH_RULES = r"(?:规则|規則|限制|约束|約束|准则|準則|规定|規定|安全策略|要求)"
_AI = r"(?:AI|A\.I\.|LLMs?|language models?|chatbots?|(?:AI |virtual )?assistants?|agents?|GPT|Claude|DeepSeek)"
_ZH_AI = r"(?:AI|人工智能|大模型|语言模型|智能助手|智能体|機器人助手|机器人助手)(?:助手|助理|模型)?"
_GAP = r"[^。！？!?\n]"

SIGNATURES = (
    Signature(
        "chat_template",
        DELIMITER,
        Level.HIGH,
        r"(?i)<\s{0,2}[|｜❘∣ǀ]\s{0,4}(?:im_start|im_end|im_sep|system|user|assistant|end|endoftext|eot_id|eom_id"
        r"|start_header_id|end_header_id|begin_of_text|end_of_text|python_tag|observation"
        r"|begin[_▁ ]of[_▁ ]sentence|end[_▁ ]of[_▁ ]sentence|tool[_▁ ][a-z_▁ ]{1,32})\s{0,4}[|｜❘∣ǀ]\s{0,2}>",
    ),
    Signature(
        "chat_template",
        DELIMITER,
        Level.HIGH,
        r"(?i)<<SYS>>|<</SYS>>|<start_of_turn>(?:user|model)|\[INST\][^\[]{0,40}?<<",
    ),
    Signature("chat_template", DELIMITER, Level.MEDIUM, r"\[/?INST\]|<(?:start|end)_of_turn>"),
    Signature(
        "think_tag", DELIMITER, Level.MEDIUM, r"(?i)</?(?:think(?:ing)?|tool_calls?|tool_response|function_calls?)>", TOOL,
    ),
    Signature("think_tag", DELIMITER, Level.LOW, r"(?i)</?think>", frozenset({Channel.USER})),
    Signature(
        "role_header",
        DELIMITER,
        Level.MEDIUM,
        r"(?im)^[ \t]{0,8}(?:[#*\[=-]{1,5}[ \t]{0,8})(?:system|developer)(?:[ \t]{1,4}(?:message|prompt|override|instructions?|note|update))?"
        r"[ \t]{0,8}(?:[\]*=-]{1,5}[ \t]{0,8}[:：]|[:：])",
        FOREIGN,
    ),
    Signature(
        "role_header",
        DELIMITER,
        Level.MEDIUM,
        r"(?im)^[ \t]{0,8}[#*\[=-]{1,5}[ \t]{0,8}(?:system|developer)(?:[ \t]{1,4}(?:message|prompt|override|instructions?|note|update))?"
        r"[ \t]{0,8}[\]*=-]{1,5}[ \t]{0,8}(?:you(?:r|'re)?\b|ignore|disregard|forget|from now|new |override|obey|act as|must|do not|never|always|你|您|请|忽略|无视|从现在|新的|必须)",
        FOREIGN,
    ),
    Signature(
        "tag_characters",
        SIGNATURE,
        Level.HIGH,
        r"\x{1F3F4}?[\x{E0001}\x{E0020}-\x{E007F}]{3,400}",
    ),
    Signature("variation_selectors", SIGNATURE, Level.HIGH, r"[\x{E0100}-\x{E01EF}]{4,400}"),
    Signature(
        "ignore_instructions",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?i)\b{_LETGO}{_S}(?:about{_S})?{_W}{{0,3}}?{_OLD}{_S}{_W}{{0,3}}?{_ORDERS}\b",
        negatable=True,
    ),
    Signature(
        "ignore_above",
        SIGNATURE,
        Level.MEDIUM,
        r"(?i)\b(?:ignore|disregard|forget)\s{1,4}(?:everything|all|anything)\s{1,4}(?:(?:that\s{1,4})?(?:was\s{1,4}|is\s{1,4})?"
        r"(?:above|before\s{1,4}this|previously\s{1,4}said|you\s{1,4}(?:were|have\s{1,4}been|'ve\s{1,4}been)\s{1,4}told)|(?:i|we)\s{1,4}told\s{1,4}you\s{1,4}before)",
        negatable=True,
    ),
    Signature(
        "new_persona",
        SIGNATURE,
        Level.MEDIUM,
        r"(?i)\byou\s{1,4}(?:are|will\s{1,4}be|must\s{1,4}act\s{1,4}as)\s{1,4}(?:now\s{1,4})?(?:in\s{1,4})?(?:DAN\b|developer\s{1,4}mode|god\s{1,4}mode"
        r"|jailbroken|(?:an?\s{1,4})?(?:unrestricted|unfiltered|uncensored)\s{1,4}(?:AI|assistant|model|chatbot))",
        negatable=True,
    ),
    Signature(
        "reveal_prompt",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?i)\b(?:reveal|print|show|repeat|output|display|leak|disclose|recite){_S}(?:me{_S})?{_W}{{0,3}}?your{_S}{_W}{{0,2}}?"
        r"(?:system\s{1,4}(?:prompt|message|instructions)|initial\s{1,4}(?:prompt|instructions)|hidden\s{1,4}(?:prompt|instructions)|prompt)\b",
        negatable=True,
    ),
    Signature(
        "忽略指令",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?i){_ZH_LETGO}{_GAP}{{0,10}}?{_ZH_OLD}{_GAP}{{0,10}}?{_ZH_ORDERS}",
        negatable=True,
    ),
    Signature(
        "忽略规则",
        SIGNATURE,
        Level.LOW,
        rf"{_ZH_LETGO}{_GAP}{{0,6}}?{_ZH_OLD}{_GAP}{{0,6}}?{_ZH_RULES}",
        negatable=True,
    ),
    Signature(
        "变换身份",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?i)你(?:现在|從現在起|从现在起|从现在开始|已经|将)?{_GAP}{{0,6}}?(?:是|进入|進入|处于|切换到|扮演|成为){_GAP}{{0,6}}?"
        r"(?:DAN\b|开发者模式|開發者模式|越狱模式|越狱|无限制模式|上帝模式|不受(?:任何)?(?:限制|约束)的|没有(?:任何)?限制的)",
        negatable=True,
    ),
    Signature(
        "套取提示词",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?:输出|輸出|打印|显示|顯示|复述|複述|重复|泄露|公开|透露|展示|告诉我|告訴我|给出|原样){_GAP}{{0,8}}?(?:你|您)的?{_GAP}{{0,6}}?"
        r"(?:系统提示|系統提示|提示词|提示詞|初始指令|系统指令|隐藏指令|初始提示|系统设定)",
        negatable=True,
    ),
    Signature(
        "addressed_to_ai",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?i)\b(?:attention|note|notice|message|instructions?|important){_S0}(?::|-|to|for){_S0}(?:all{_S}|the{_S}|any{_S})?{_AI}"
        r"(?:\s{1,4}(?:reading|processing|summari[sz]ing|parsing)\b|\s{0,4}[:,—-])",
        TOOL,
    ),
    Signature(
        "写给模型",
        SIGNATURE,
        Level.MEDIUM,
        rf"(?:致|给|写给|提醒|注意|通知)(?:所有|各位|正在{_GAP}{{1,8}}的)?{_ZH_AI}(?:的)?(?:指令|指示|消息|提示)?{_S0}[:：，,]",
        TOOL,
    ),
    Signature(
        "exfiltrating_image",
        SIGNATURE,
        Level.HIGH,
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[=/?](?:\{|\$\{|%7B|\[|<)[^)\n]{0,120}\)?",
        TOOL,
    ),
    Signature(
        "exfiltrating_image",
        SIGNATURE,
        Level.MEDIUM,
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[?&](?:q|d|data|payload|msg|text|chat|content|prompt|secret|leak|info|c)=\)",
        TOOL,
    ),
    Signature(
        "exfiltrating_image",
        SIGNATURE,
        Level.HIGH,
        r"(?i)<img[^>]{1,120}src\s{0,4}=\s{0,4}[\"']?https?://[^\"'>\s]{1,200}=(?:\{|\$\{|%7B|\[)",
        TOOL,
    ),
    Signature(
        "hidden_text",
        SIGNATURE,
        Level.HIGH,
        r"(?is)style\s{0,4}=\s{0,4}[\"'][^\"']{0,120}(?:display\s{0,4}:\s{0,4}none|font-size\s{0,4}:\s{0,4}0|visibility\s{0,4}:\s{0,4}hidden|opacity\s{0,4}:\s{0,4}0(?:[;\"']|\.0))"
        rf"[^>]{{0,120}}>[^<]{{0,240}}?(?:\b(?:ignore|disregard)\b|instructions?\b|\b{_AI}\b|忽略|指令|智能助手|大模型)",
        TOOL,
    ),
    Signature(
        "hidden_comment",
        SIGNATURE,
        Level.HIGH,
        rf"(?is)<!--[^>]{{0,240}}?(?:\b(?:ignore|disregard){_S}(?:all|any|previous|prior|the)\b|\b(?:instructions?|note){_S}(?:to|for){_S}(?:the{_S})?{_AI}"
        r"|\bif you are an? (?:AI|LLM)|忽略.{0,12}(?:指令|提示)|智能助手|大模型请)",
        TOOL,
    ),
)  # fmt: skip
