"""The second half of the table behind `injection.py`: orders to drop safety, to be somebody without
rules, to hand out the prompt or to obey at any price, in the words in which they are mostly given.

Each names the model (your safety rules, an AI without limits), so that talk about rules, filters
and modes of other things passes.
"""

# ruff: noqa: E501 (a pattern reads better on one line)
from __future__ import annotations

from dataclasses import replace

from threegate.detectors.injection.signatures import DELIMITER, FOREIGN, SIGNATURE, Signature
from threegate.types import Level

_S, _S0, _W = r"\s{1,4}", r"\s{0,4}", r"(?:[\w'’-]{1,24}[,]?\s{1,4})"
_GAP = r"[^。！？!?\n]"
_ORDERS = (
    r"(?:instructions?|prompts?|guidelines?|directions?|directives?|commands?|programming|rules)"
)
_PROMPT = r"(?:(?:system|developer)\s{1,4}(?:prompt|message|instructions?)|(?:initial|original|hidden|secret|confidential|internal|full|complete)\s{1,4}(?:system\s{1,4})?(?:prompt|instructions?|message))"
_AI = r"(?:AI|LLM|(?:large\s{1,4})?language\s{1,4}model|model|assistant|chatbot|bot|character|persona|DAN|GPT|version\s{1,4}of\s{1,4}(?:yourself|you))"
_LIMITS = r"(?:ethic(?:s|al)?|moral(?:s|ity)?|safety|content|restrictions?|limits?|limitations?|filters?|filtering|guardrails?|censorship|constraints?|rules|guidelines|polic(?:y|ies)|boundaries|moderation)"
_ZH_PROMPT = r"(?:系统提示|系统消息|系统指令|系统设定|提示词|(?:初始|隐藏|原始|内部|底层)的?(?:指令|提示|设定))"
_ZH_AI = r"(?:AI|ai|人工智能|大?模型|助手|助理|机器人|角色)"
_ZH_LIMITS = r"(?:限制|约束|规则|道德|审查|审核|底线|伦理|政策|准则|过滤)"
_ZH_SAFETY = r"(?:安全(?:限制|准则|规则|策略|机制|过滤|审查|护栏|约束|协议|设定)|道德(?:准则|约束|限制|底线)?|伦理|内容(?:过滤|审查|审核|政策|限制|安全)|过滤器|审查|审核|护栏|(?:全部|所有|一切|任何)(?:限制|约束|规则))"

_WORDINGS = (
    Signature(
        "special_token", DELIMITER, Level.MEDIUM,
        r"<[|｜❘∣ǀ][A-Za-z][A-Za-z_▁]{2,30}[|｜❘∣ǀ]>|<[@＠]?(?:im_start|im_end)>|<(?:reserved(?:_token)?_[0-9]{1,4}|unused[0-9]{1,3}|_(?:user|bot|system))>",
    ),
    Signature(
        "role_order", DELIMITER, Level.MEDIUM,
        rf"(?im)^[ \t]{{0,8}}<?(?:system|developer)(?:[ _]?(?:message|prompt|override|note|instructions?))?{_S0}[:>]{_S0}(?:you{_S}(?:are{_S}(?:now{_S})?(?:an?\b|un\w|free\b|in\b|no{_S}longer)|must\b|have{_S}no\b|can{_S}now|(?:will|may){_S}now)"
        rf"|from{_S}now{_S}on|ignore\b|disregard\b|forget\b|new{_S}{_ORDERS}|all{_S}(?:safety|restrictions|rules|filters))",
        FOREIGN,
    ),
    Signature(
        "系统命令", DELIMITER, Level.MEDIUM,
        rf"(?m)^[ \t]{{0,8}}[【\[《(（]?(?:系统|管理员|开发者)(?:指令|消息|提示|模式|通知|命令)?[】\]》)）]?{_S0}[:：]?{_S0}(?:从现在|你必须|你现在|你将|解除|忽略|无视|必须(?:服从|遵守|执行))",
        FOREIGN,
    ),
    Signature(
        "ignore_instructions", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:ignore|disregard|forget|override|discard|neglect|set{_S}aside|abandon|skip|(?:do{_S}not|don['’]t|stop){_S}follow(?:ing)?|pay{_S}no{_S}attention{_S}to){_S}{_W}{{0,3}}?(?:{_ORDERS}{_S}"
        rf"(?:(?:that{_S}|which{_S})?(?:(?:were|are|was|come|came){_S})?(?:written{_S}|given{_S})?(?:above|before{_S}this|so{_S}far)\b|(?:that{_S})?you{_S}(?:were|have{_S}been|had{_S}been|got|received)\b|in{_S}(?:your|the){_S}system\b)"
        rf"|(?:your|(?:all{_S})?(?:the{_S})?(?:previous|prior|earlier)){_S}{_W}{{0,2}}?{_ORDERS}\b)",
        negatable=True,
    ),
    Signature(
        "ignore_above", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:ignore|disregard|forget){_S}(?:(?:all|everything){_S}(?:of{_S})?)?(?:the{_S})?(?:text{_S})?above(?:{_S}(?:and|but)|[,;:.]){_S0}(?:instead{_S}|just{_S}|only{_S}|then{_S})?(?:say|print|output|write|reply|respond|answer|tell|return|translate|reveal|show|act)\b"
        rf"|\b(?:ignore|disregard|forget|pay{_S}no{_S}attention{_S}to){_S}(?:what|whatever|anything|everything){_S}(?:that{_S})?(?:the{_S}|your{_S})?(?:system|developers?|creators?|operator){_S}(?:said|says|told|wrote|instructed)",
        negatable=True,
    ),
    Signature(
        "instructions_void", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:your|all){_S}{_W}{{0,3}}?{_ORDERS}{_S}(?:above{_S})?(?:are|is|have{_S}been){_S}(?:now{_S}|hereby{_S})?(?:void|null|revoked|erased|superseded|overridden|suspended|lifted)\b|\b(?:rules|instructions|guidelines|restrictions|limits){_S}(?:above{_S})?(?:no{_S}longer|don['’]t|do{_S}not){_S}(?:apply|hold){_S}(?:to|for){_S}you\b",
    ),
    Signature(
        "reveal_prompt", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:reveal|print|show|repeat|output|display|leak|disclose|recite|translate|encode|summari[sz]e|share|give|tell|write|spell|dump|expose|paraphrase|convert|copy|list|paste|post|provide|quote){_S}{_W}{{0,3}}?(?:your{_S}{_W}{{0,2}}?{_PROMPT}\b"
        rf"|(?:the{_S})?{_W}{{0,2}}?{_ORDERS}{_S}(?:that{_S})?(?:you{_S}(?:were|have{_S}been){_S}(?:given|told)|given{_S}to{_S}you|you{_S}(?:received|got)){_S0}(?:[.!?,]|$|above|before|at\b|in\b|so\b|word|verbatim|exactly|initially|originally))|\bthe{_S}(?:(?:hidden|secret|confidential){_S}(?:system{_S}|developer{_S})?(?:prompt|instructions)|hidden{_S}system{_S}message)\b|\b(?:text|words|contents?|wording){_S}of{_S}your{_S}{_W}{{0,2}}?{_PROMPT}\b"
        rf"|\bwhat(?:['’]s|{_S}(?:are|were|is|was)){_S}(?:in{_S})?your{_S}{_W}{{0,1}}?{_PROMPT}\b|\bwhat{_S}(?:did{_S})?(?:your{_S}(?:developers?|creators?)|the{_S}system{_S}(?:prompt|message)){_S}(?:tell|told|instruct(?:ed)?|say|says)",
        negatable=True,
    ),
    Signature(
        "repeat_above", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:repeat|print|output|reveal|copy|recite){_S}(?:me{_S})?(?:(?:all|everything|the|of|exact|entire|full|text|words|content|contents|conversation|instructions?){_S}){{1,5}}?(?:above|before{_S}this)\b[^.\n]{{0,40}}?(?:word{_S}for{_S}word|verbatim|exactly|(?:starting|beginning){_S}with|code{_S}block)",
        negatable=True,
    ),
    Signature(
        "new_persona", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:act|behave|respond|answer|reply|pretend|simulate|imagine|role-?play|operate|stay|speak|you{_S}are){_S}(?:now{_S})?{_W}{{0,4}}?{_AI}{_S}{_W}{{0,2}}?(?:with(?:out)?{_S}(?:no{_S}|any{_S}|zero{_S})?|(?:that{_S}is{_S})?free{_S}(?:of|from){_S}(?:all{_S}|any{_S})?|that{_S}(?:has{_S}no|ignores|never{_S}refuses|is{_S}not{_S}bound{_S}by){_S0}(?:any{_S})?)(?:{_LIMITS}\b|safety{_S}turned{_S}off)"
        rf"|\b(?:pretend|imagine|suppose|assume){_S}(?:that{_S})?you{_S}(?:have{_S}no|are{_S}free{_S}(?:of|from)|are{_S}not{_S}bound{_S}by|had{_S}no){_S}(?:any{_S})?{_W}{{0,2}}?{_LIMITS}\b"
        rf"|\byou{_S}(?:no{_S}longer{_S}have|are{_S}(?:now{_S})?free{_S}(?:of|from)|are{_S}no{_S}longer{_S}bound{_S}by|have{_S}been{_S}freed{_S}from){_S}(?:any{_S}|all{_S}|your{_S})?{_W}{{0,1}}?(?:restrictions|ethical|moral|filters|guardrails|censorship|content{_S}polic(?:y|ies)|guidelines)\b|\byou{_S}(?:do{_S}not{_S}have|have{_S}no){_S}(?:any{_S})?(?:(?:ethical|moral|content){_S}{_LIMITS}|filters|guardrails|censorship|(?:restrictions|limits|guidelines){_S0}(?:[.!,;]|$))"
        rf"|(?-i:\bDo Anything Now\b)|(?-i:\bDAN\b){_S0}(?:mode|prompt|jailbreak)\b|\b(?:as|both){_S}(?:\w{{2,12}}{_S}and{_S})?(?-i:DAN)\b",
        negatable=True,
    ),
    Signature(
        "forbidden_mode", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:enable|enter|activate|switch{_S}(?:in)?to|turn{_S}on|engage|unlock){_S}(?:the{_S}|your{_S})?(?:jailbreak|jailbroken|unrestricted|uncensored|unfiltered|god|no[- ](?:limits?|filter|restrictions?)|evil){_S}mode\b"
        rf"|\b(?:system|safety|security){_S}override{_S0}[:：!-]|\ball{_S}(?:safety|ethical|content){_S}(?:protocols?|filters?|measures|guidelines|restrictions?|policies){_S}(?:are|have{_S}been|is){_S}(?:now{_S})?(?:disabled|lifted|off|suspended|removed|deactivated)\b"
        rf"|\bdeveloper{_S}mode{_S}(?:enabled|activated|on)\b[^\n]{{0,20}}?(?:without{_S}|no{_S}|un)(?:restrict|filter|limit|censor)",
        negatable=True,
    ),
    Signature(
        "drop_safety", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:bypass|turn{_S}off|switch{_S}off|disable|ignore|remove|deactivate|drop|forget|override|abandon|circumvent|disregard|stop{_S}(?:applying|following|enforcing|using)){_S}(?:all{_S}(?:of{_S})?|any{_S}(?:of{_S})?)?your{_S}{_W}{{0,2}}?(?:safety|ethic(?:s|al)|moral(?:s|ity)?|filters?|guardrails?|restrictions?|censorship|moderation|programming|limitations?|training|content{_S}polic(?:y|ies))\b",
        negatable=True,
    ),
    Signature(
        "must_obey", SIGNATURE, Level.MEDIUM,
        rf"(?i)\b(?:never|do{_S}not|don['’]t|you{_S}(?:can(?:not|['’]t)|must{_S}not|may{_S}not|will{_S}not)){_S}(?:ever{_S})?(?:refuse|decline|reject){_S}(?:(?:any|a|my|to{_S}(?:answer|comply|respond)){_S}?)(?:of{_S}my{_S})?(?:requests?|questions?|prompts?|orders?|commands?|me\b|anything|from\b|in\b|$)"
        rf"|\byou{_S}must{_S}(?:always{_S})?(?:comply{_S}with|obey|fulfil+|answer){_S}(?:everything|all{_S}(?:of{_S})?my|any{_S}(?:request|order|command)|every{_S}(?:request|order|command|question)|my{_S}every)"
        rf"|\bwho{_S}never{_S}refuses\b|\bdo{_S}not{_S}refuse\b[^\n]{{0,4}}$",
    ),
    Signature(
        "if_you_are_ai", SIGNATURE, Level.MEDIUM,
        rf"(?im)(?:\bif{_S}you(?:['’]re|{_S}are){_S}(?:an?{_S})?(?:AI|A\.I\.|LLM|language{_S}model|chatbot)(?:{_S}(?:language{_S}model|assistant|model|agent|bot|system|reading{_S}this|summari[sz]er)){{0,2}}{_S0}[,:]|^(?:AI|LLM)s?(?:{_S}(?:assistants?|agents?|models?))?{_S}reading{_S}this(?:{_S}\w{{3,10}})?{_S0}[,:])",
        FOREIGN,
    ),
    Signature(
        "指令作废", SIGNATURE, Level.MEDIUM,
        rf"(?:以上|之前|以前|前面|先前|此前|上述|原有|上面){_GAP}{{0,4}}?(?:指令|指示|提示词|系统提示|设定)(?:全部|都|均|已经?|现在|一律){{0,3}}(?:作废|失效|无效|取消|不再有效|不算数)|之前的(?:规则|要求)(?:全部|都)(?:作废|失效|无效|不算)|(?:规则|限制|指令|约束){_GAP}{{0,3}}?对你(?:都|已经?)?(?:不再|不)(?:适用|有效|生效|起作用)|你的(?:所有|全部|一切|安全)?(?:限制|约束){_GAP}{{0,2}}?(?:全部|已经?|都)(?:全部)?(?:解除|取消|移除|失效)"
        rf"|[把将](?:之前|先前|以前|以上|上面|前面|此前){_GAP}{{0,4}}?(?:指令|指示|设定|规则|提示词){_GAP}{{0,6}}?(?:忘掉|忘记|忘了|忽略|抛开|抛弃|清空)|(?:忘掉|忘记|忘了)(?:自己|你)是{_GAP}{{0,4}}?(?:AI|人工智能|助手|模型|机器人)",
    ),
    Signature(
        "忽略指令", SIGNATURE, Level.MEDIUM,
        rf"(?:不用管|不要管|不管|跳过|放弃|清除|撤销|推翻|丢掉|不要(?:遵守|遵循|执行|听从)|别(?:遵守|遵循|听)){_GAP}{{0,4}}?(?:之前|先前|此前|上面|以上|前面|系统|你的){_GAP}{{0,6}}?(?:指令|指示|提示词|系统提示|设定)"
        rf"|(?:不要|不再|不必|不用)(?:遵守|遵循|管|听从)之前的{_GAP}{{0,4}}?(?:规则|要求)|(?:不用管|不要管|忽略)(?:前面|上面|之前|以上)的{_GAP}{{0,3}}?要求[，,]{_S0}(?:直接|只|改为|输出)|忽略(?:原|你的|当前)任务",
    ),
    Signature(
        "变换身份", SIGNATURE, Level.MEDIUM,
        rf"你(?:已经?|现在|将|就)?(?:不再|不)受(?:到)?(?:任何|一切|所有)?{_ZH_LIMITS}|你(?:就|将|现在)?没有(?:任何|一切)(?:限制|约束)|(?:是|扮演|假装|成为|变成|作为|当作){_GAP}{{0,8}}?(?:没有|不受|毫无|无|摆脱){_GAP}{{0,6}}?{_ZH_LIMITS}{_GAP}{{0,4}}?的{_GAP}{{0,6}}?{_ZH_AI}"
        rf"|(?:假装|假设|想象|设想)(?:你|自己){_GAP}{{0,6}}?(?:没有|不受|无){_GAP}{{0,6}}?{_ZH_LIMITS}",
        negatable=True,
    ),
    Signature(
        "禁忌模式", SIGNATURE, Level.MEDIUM,
        rf"(?i)(?:进入|开启|启用|激活|切换到|打开|启动){_GAP}{{0,4}}?(?:越狱|无限制|上帝|DAN|无过滤|无审查|不设限|邪恶)模式",
        negatable=True,
    ),
    Signature(
        "抛开安全", SIGNATURE, Level.MEDIUM,
        rf"(?:绕过|绕开|跳过|突破|解除|关闭|关掉|取消|移除|禁用|无视|忽略|抛开|抛弃|放下|忘记|忘掉|(?:不要再?|不再|别再?|停止)(?:遵守|遵循|执行|应用))(?:掉|了)?{_GAP}{{0,3}}?[你您](?:的|身上的|自己的)?{_GAP}{{0,4}}?{_ZH_SAFETY}"
        rf"|(?:抛开|抛弃|放下|忘掉){_GAP}{{0,3}}?(?:所有|一切|全部|任何){_GAP}{{0,3}}?(?:安全|道德|伦理)(?:准则|约束|限制|底线|规则)|(?:跳过|绕过)(?:所有|一切|全部)?的?(?:安全|内容)(?:审查|审核|限制|检查)(?:直接|来|，|并)?(?:回答|告诉|输出)|解除所有限制",
        negatable=True,
    ),
    Signature(
        "套取提示词", SIGNATURE, Level.MEDIUM,
        rf"[把将](?:你|您|开发者给你){_GAP}{{0,6}}?(?:{_ZH_PROMPT}|设定){_GAP}{{0,10}}?(?:告诉|发给|给我|输出|打印|翻译|复述|列出|写出|展示|显示|编码|说出|贴出|发出来)"
        rf"|(?:你|您)的(?:系统提示词?|初始指令|系统指令|隐藏指令|初始设定)(?:是什么|有哪些|的?内容)|(?:显示|输出|公开|泄露|告诉我|说出){_GAP}{{0,4}}?(?:隐藏|内部)的?(?:指令|提示词|设定)"
        rf"|(?:输出|打印|显示|复述|重复|泄露|告诉我|给出|展示){_GAP}{{0,4}}?[你您]{_GAP}{{0,4}}?{_ZH_PROMPT}|你(?:最初|最开始|一开始|刚开始){_GAP}{{0,4}}?(?:指令|提示词|设定)|[把将](?:完整|全部)?的?系统(?:提示词?|消息|指令){_GAP}{{0,2}}?(?:完整|原样|原文|逐字|一字不[差漏]){_GAP}{{0,4}}?(?:告诉|发给|输出|打印|复述)|(?:逐字|原样|原封不动|一字不[差漏])地?(?:重复|复述|输出|打印){_GAP}{{0,3}}?(?:上面|以上|上述|前面|之前)|用{_GAP}{{1,10}}?(?:输出|翻译|编码|写出)(?:输出)?{_GAP}{{0,4}}?(?:你|您)的{_ZH_PROMPT}|(?:重复|复述|输出|打印){_GAP}{{0,4}}?(?:上面|以上|上述|前面|之前){_GAP}{{0,6}}?(?:内容|文字|文本|对话|话){_GAP}{{0,8}}?(?:一字不差|一字不漏|逐字|原样|原封不动)",
        negatable=True,
    ),
    Signature(
        "必须服从", SIGNATURE, Level.MEDIUM,
        r"你(?:必须|要|得|应当)(?:无条件|绝对|完全)(?:地)?(?:服从|听从|遵从|满足|执行)|必须服从(?:我的)?(?:所有|一切|任何)(?:命令|指令|要求)|(?:不许|不准|不能|不要|不得|禁止)拒绝(?:回答|我的(?:任何|请求|要求)|任何问题)|(?:不许|不准|不得)拒绝[，,](?:任何|所有)问题",
    ),
    Signature(
        "若你是模型", SIGNATURE, Level.MEDIUM,
        rf"如果你是(?:一[个名位])?(?:AI|ai|人工智能|大?语言模型|大模型)(?:助手|助理|模型)?[，,：:]|(?:正在)(?:阅读|读|浏览|处理|总结){_GAP}{{0,8}}?的(?:AI|ai|人工智能|大模型|智能助手)(?:助手|助理)?[，,：:]",
        FOREIGN,
    ),
)  # fmt: skip

WORDINGS = tuple(replace(one, mentioned=one.kind == SIGNATURE) for one in _WORDINGS)
