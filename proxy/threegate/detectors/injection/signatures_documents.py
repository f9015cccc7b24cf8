"""The third part of the table behind `injection.py`: orders planted in what a tool, a page or a file says.

Documents give orders to people all day. What they have no reason for is to speak to whoever reads
them as a machine, to close the block they stand in, or to say what the user has agreed to.
"""

# ruff: noqa: E501 (a pattern reads better on one line)
from __future__ import annotations

from threegate.detectors.injection.signatures import SIGNATURE, TOOL, Signature
from threegate.types import Level

_S, _S0 = r"\s{1,4}", r"\s{0,4}"
_READS = r"(?:reading|processing|helping|handling|viewing|summari[sz]ing|condensing|parsing|translating|scanning|screening|triaging|browsing|with\s{1,4}(?:an?\s{1,4})?(?:browser|shell|terminal|tools?|access))"
_MACHINE = r"(?:A\.?I\.?|LLM|(?:large\s{1,4})?language\s{1,4}model|chat\s{0,4}bot|bot|(?:AI|LLM|virtual|digital|coding|automated|smart|shopping|support|scheduling|voice)[ -](?:assistant|agent|model|system|tool|bot|reader|reviewer|crawler))"
_ZH_MACHINE = r"(?:AI|ai|人工智能|大?语言模型|大模型|模型|助手|智能助理|智能体|聊天机器人|机器人|自动代理|程序)"
_BLOCK = r"(?:tool_(?:result|output|response)s?|function_results?|search_results?|results?|context|documents?|retrieved|system|user|工具结果|检索结果|文档|资料|用户|系统)"
_SPEAKER = r"(?:human|user|assistant|system|用户|助手|系统)"
_AGREED = r"(?:agreed|approved|consented|confirmed|authori[sz]ed|opted\s{1,4}in|given\s{1,4}(?:permission|consent)|changed\s{1,4}(?:his|her|their)\s{1,4}mind)"

DOCUMENTS = (
    Signature(
        "if_you_are_ai", SIGNATURE, Level.MEDIUM,
        rf"(?i)\bif{_S}you(?:['’]re|{_S}are){_S}(?:an?{_S}|the{_S}|some{_S}|any{_S})?(?:{_MACHINE}s?(?:{_S}{_READS}\b[^.\n!?]{{0,60}}?)?|(?:assistant|agent){_S}{_READS}\b[^.\n!?]{{0,60}}?){_S0}[,:;]"
        rf"|\bif{_S}you(?:['’]re|{_S}are){_S}(?:summari[sz]ing|condensing|indexing|parsing){_S}(?:(?:this|these|the|all){_S})?(?:page|pages|text|document|documents|reviews|mails?|messages?|thread|threads|guide|article|results?|contract|file)\b[^.\n!?]{{0,60}}?[,:;]",
        TOOL,
    ),
    Signature(
        "若你是模型", SIGNATURE, Level.MEDIUM,
        rf"(?:如果|若|假如|倘若|要是)你是[^。，,！？\n]{{0,14}}?{_ZH_MACHINE}[^。，,！？\n]{{0,10}}?[，,：:]",
        TOOL,
    ),
    Signature(
        "closed_block", SIGNATURE, Level.MEDIUM,
        rf"(?i)</{_BLOCK}>{_S0}(?:</?{_SPEAKER}>|<{_BLOCK}>|{_SPEAKER}{_S0}[:：])",
        TOOL,
    ),
    Signature(
        "user_agreed", SIGNATURE, Level.MEDIUM,
        rf"(?i)\bthe{_S}user{_S}(?:has|had){_S}(?:already{_S}|just{_S}|now{_S})?{_AGREED}\b|\bthe{_S}user{_S}(?:has{_S})?(?:already{_S}|just{_S})?(?:asked|told){_S}me{_S}to{_S}(?:pass|tell)\b",
        TOOL,
    ),
    Signature(
        "用户已同意", SIGNATURE, Level.MEDIUM,
        r"用户(?:已经?|刚刚|事先)(?:都|全部|口头)?(?:同意|批准|授权)(?:了|过)?[，,。；;、）)]?(?:你|助手|无需|不必|不用|直接|可以|并|把|将)|用户让我(?:向|对|跟)你",
        TOOL,
    ),
    Signature(
        "user_request_dropped", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:drop|ignore|disregard|forget|abandon){_S}(?:the{_S}user['’]?s?{_S}(?:request|question|instructions?|orders?)|(?:what{_S}the{_S}user|the{_S}(?:question|request|task){_S}you{_S}(?:were|have{_S}been)){_S}\w{{2,12}})\b",
        TOOL,
        negatable=True,
    ),
    Signature(
        "放下用户请求", SIGNATURE, Level.MEDIUM,
        r"(?:忽略|无视|不用理会|不必理会|别管|不要管|放下|丢开)(?:掉)?用户(?:当前|原来|之前|提出)?的?(?:请求|问题|要求|指令|提问)",
        TOOL,
        negatable=True,
    ),
)  # fmt: skip
