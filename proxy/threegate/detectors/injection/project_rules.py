"""Rules that a project gives to coding agents in its own files (AGENTS.md, a section of a README).

They address a model as planted orders do ("if you are an AI assistant working on this repository").
An address alone is no order: where the text behind it is about work on this code, and nothing in it
sends, publishes, pays, deletes or hides something, the address is a hint and no more. What such
rules say is still read by the model.
"""

from __future__ import annotations

import re2

WORK_REACH, HARM_REACH = 160, 900
"""Code points behind the beginning of an address in which work is looked for, and harm."""

_WORK = re2.compile(
    r"(?i)\b(?:repo|repository|code\s?base|monorepo|source\s+code|coding|commit(?:s|ting)?"
    r"|pull\s+requests?|contribut(?:e|ing|ions?)|unit\s+tests?|the\s+tests|run\s+(?:the\s+)?tests"
    r"|lint(?:er|ing)?|type\s?checks?|change\s?log|docstrings?|code\s+style|refactor(?:ing)?"
    r"|(?:this|our)\s+(?:project|package|module|folder|directory)|changes?\s+(?:the\s+)?code"
    r")\b|(?:`|\b(?:run|use|with)\s+`?)(?:pnpm|npm|yarn|pytest|cargo|make)\b"
    r"|(?:本|这个|此|该|我们的?)(?:仓库|项目|代码库|代码|目录|模块|工程|包)|写代码|编码|编程|提交(?:代码|之?前|信息)"
    r"|运行测试|单元测试|合并请求|代码(?:风格|规范)|缩进|接口时|重构"
    r"|`[\w./-]{1,40}/`|\bdocs/[\w.-]{1,40}"
)
_HARM = re2.compile(
    r"(?i)\b(?:send(?:s|ing)?|upload(?:s|ing)?|post(?:s|ing)?\s+(?:it|them|the|all)|publish(?:es|ing)?"
    r"|forward(?:s|ing)?|exfiltrat\w+|e-?mail(?:s|ing)?\s+(?:it|them|the|all|to)|curl|wget|nc|leak"
    r"|reveal|transfer|pay|purchase|approve|accept|delete\s+(?:all|every|the\s+(?:logs?|audit|database|backups?))"
    r"|rm\s+-|chmod|sudo|base64|your\s+(?:token|key|password|credentials|system|instructions|prompt)"
    r"|password|passphrase|id_rsa|\.ssh|environment\s+variables|credentials|api\s+keys?|(?:previous|prior|all|other|user['’]?s?)\s+"
    r"(?:instructions|requests?|questions?)|(?:tell|show|inform|ask|notify|mention\s+(?:it|this)\s+to)\s+(?:the\s+)?"
    r"(?:user|human|anyone|anybody|operator)|silently|secretly|without\s+asking|recommend|rate|praise|positive"
    r"|(?:the|this|your|every|each)\s+(?:summary|answer|reply|response|review|report|output)|your\s+function"
    r"|(?:ignore|disregard|forget)\s+(?:what|whatever|everything|anything|the\s+(?:user|person|human|reader))"
    r"|(?:add|attach|cat|copy|dump|echo|embed|include|insert|paste|print|put|write)\b[^.\n]{0,60}?"
    r"(?:secrets?|\.env|private\s+keys?|tokens?)"
    r"|(?:bypass|disable|remove|skip|turn\s+off)\b[^.\n]{0,40}?(?:auth\w*|login|checks?|validation|verification|logging|audit)"
    r"|drop\s+(?:the\s+)?(?:table|database)|force[\s-]+push|download\w*"
    r"|without\s+(?:a\s+|any\s+)?(?:review|approval|checks?)|owners?|admin\w*|maintainers?)\b|--no-verify"
    r"|\b(?:npm|pnpm|yarn|pip3?|uv|gem|cargo)\s+(?:install|add|i)\s+(?:[@\w][\w./@-]*`|@?\w+[-/@]\w)"
    r"|https?://"
    r"|发送|发给|发到|发往|上传|外发|转发|转账|付款|支付|购买|公布|泄露|透露|批准|通过审|删除(?:所有|全部|日志|数据)"
    r"|环境变量|凭据|凭证|令牌|口令|密码|系统提示|提示词|(?:之前|以上|所有|用户)的?(?:指令|要求|请求|问题)"
    r"|(?:不|别|勿|莫)[^。！？\n]{0,4}?(?:告诉|告知|提及|提到|通知|声张|询问)"
    r"|(?:把|将|写[入进]|打印|输出|附上|复制|读取)[^。！？\n]{0,20}?(?:[密私秘]钥|\.env)|下载|管理员|满分|高分|录用|清空"
    r"|(?:绕过|关闭|关掉|禁用|跳过)[^。！？\n]{0,16}?(?:鉴权|认证|验证|校验|登录|审计|检查)|忽略(?:用户|一切|其他|之前|上面|以上)|暗中|悄悄|推荐|好评|正面"
)


def is_project_rule(text: str, start: int) -> bool:
    """Whether an address that begins at `start` introduces rules for work on this code."""
    behind = text[start : start + HARM_REACH]
    return bool(_WORK.search(behind[:WORK_REACH])) and not _HARM.search(behind)
