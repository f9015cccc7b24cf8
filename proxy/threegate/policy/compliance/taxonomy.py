# ruff: noqa: E501 - bilingual texts stay in one piece
"""The taxonomy bridge: ids a rule may name as its reason.

Categories are *mapped to* the standards named; no official text was at hand for GB/T 45654, so
nothing here certifies compliance. Ids: `gbt45654.A1.a`, `mlcommons.ssh`, `owasp.llm01`, `pipl.28`,
`gdpr.5`, `nist.600-1.4`, `cngenai.4`, `cnlabel.4`, `euaia.50`.
"""

from __future__ import annotations

from dataclasses import dataclass

from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class Category:
    """One entry of a taxonomy. `group` is a heading of the same taxonomy, empty where it has
    none."""

    id: str
    title: Bilingual
    group: str = ""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    id: str
    title: Bilingual
    categories: tuple[Category, ...]


def _t(id: str, zh: str, en: str, *rows: tuple[str, str, str]) -> Taxonomy:
    made = tuple(Category(f"{id}.{code}", Bilingual(z, e), _group(code)) for code, z, e in rows)
    return Taxonomy(id, Bilingual(zh, en), made)


def _group(code: str) -> str:
    return code.partition(".")[0] if code[:1] == "A" and "." in code else ""


GBT45654 = _t(
    "gbt45654",
    "GB/T 45654-2025 生成式人工智能服务安全基本要求（31 类风险）",
    "GB/T 45654-2025 basic security requirements for generative AI services (31 risks)",
    ("A1.a", "煽动颠覆国家政权、推翻社会主义制度", "inciting subversion of state power"),
    ("A1.b", "危害国家安全和利益、损害国家形象", "endangering national security, interests or image"),
    ("A1.c", "煽动分裂国家、破坏国家统一和社会稳定", "inciting secession, undermining unity and stability"),
    ("A1.d", "宣扬恐怖主义、极端主义", "promoting terrorism or extremism"),
    ("A1.e", "宣扬民族仇恨", "promoting ethnic hatred"),
    ("A1.f", "宣扬暴力、淫秽色情", "promoting violence or obscenity"),
    ("A1.g", "传播虚假有害信息", "spreading false and harmful information"),
    ("A1.h", "其他法律、行政法规禁止的内容", "other content banned by law"),
    ("A2.a", "民族歧视", "discrimination by ethnicity"),
    ("A2.b", "信仰歧视", "discrimination by belief"),
    ("A2.c", "国别歧视", "discrimination by nationality"),
    ("A2.d", "地域歧视", "discrimination by region"),
    ("A2.e", "性别歧视", "discrimination by sex"),
    ("A2.f", "年龄歧视", "discrimination by age"),
    ("A2.g", "职业歧视", "discrimination by occupation"),
    ("A2.h", "健康歧视", "discrimination by health"),
    ("A2.i", "其他歧视", "other discrimination"),
    ("A3.a", "侵犯他人知识产权", "infringing intellectual property"),
    ("A3.b", "违反商业道德", "breach of business ethics"),
    ("A3.c", "泄露他人商业秘密", "disclosing trade secrets"),
    ("A3.d", "利用算法、数据、平台等优势实施垄断和不正当竞争", "monopoly and unfair competition"),
    ("A3.e", "其他商业违法违规", "other commercial violations"),
    ("A4.a", "危害他人身心健康", "harm to physical or mental health"),
    ("A4.b", "侵害肖像权", "violation of portrait rights"),
    ("A4.c", "侵害名誉权", "violation of reputation"),
    ("A4.d", "侵害荣誉权", "violation of honour"),
    ("A4.e", "侵害隐私权", "violation of privacy"),
    ("A4.f", "侵害个人信息权益", "violation of personal information rights"),
    ("A4.g", "侵犯其他合法权益", "violation of other lawful rights"),
    ("A5.a", "内容不准确，严重不符合科学常识或主流认知", "inaccurate, badly contradicting science or common knowledge"),
    ("A5.b", "内容不可靠，无法对使用者形成帮助", "unreliable, of no help to the user"),
)  # fmt: skip

MLCOMMONS = _t(
    "mlcommons",
    "MLCommons AILuminate v1.0 危害类别",
    "MLCommons AILuminate v1.0 hazards",
    ("vcr", "暴力犯罪", "violent crimes"),
    ("ncr", "非暴力犯罪", "non-violent crimes"),
    ("src", "性犯罪", "sex-related crimes"),
    ("cse", "儿童性剥削", "child sexual exploitation"),
    ("ssh", "自杀与自伤", "suicide and self-harm"),
    ("iwp", "大规模杀伤性武器", "indiscriminate weapons (CBRNE)"),
    ("hte", "仇恨", "hate"),
    ("ipv", "知识产权", "intellectual property"),
    ("dfm", "诽谤", "defamation"),
    ("prv", "隐私", "privacy"),
    ("sxc", "色情内容", "sexual content"),
    ("spc", "专业建议", "specialized advice"),
)

OWASP = _t(
    "owasp",
    "OWASP LLM 应用十大风险（2025）",
    "OWASP Top 10 for LLM applications 2025",
    ("llm01", "提示词注入", "prompt injection"),
    ("llm02", "敏感信息泄露", "sensitive information disclosure"),
    ("llm03", "供应链", "supply chain"),
    ("llm04", "数据与模型投毒", "data and model poisoning"),
    ("llm05", "输出处理不当", "improper output handling"),
    ("llm06", "过度授权", "excessive agency"),
    ("llm07", "系统提示词泄露", "system prompt leakage"),
    ("llm08", "向量与嵌入的弱点", "vector and embedding weaknesses"),
    ("llm09", "错误信息", "misinformation"),
    ("llm10", "无限制消耗", "unbounded consumption"),
)

PIPL = _t(
    "pipl",
    "中华人民共和国个人信息保护法",
    "Personal Information Protection Law of the PRC",
    ("6", "最小必要", "minimisation"),
    ("19", "最短保存期限", "shortest retention"),
    ("28", "敏感个人信息", "sensitive personal information"),
    ("29", "单独同意", "separate consent"),
    ("47", "删除", "deletion"),
    ("51", "分类、加密、去标识化、权限", "classification, encryption, de-identification, access"),
    ("54", "合规审计", "compliance audits"),
    ("55", "影响评估", "impact assessment"),
    ("57", "泄露通知", "breach notice"),
)

GDPR = _t(
    "gdpr",
    "欧盟《通用数据保护条例》",
    "EU General Data Protection Regulation",
    ("5", "处理原则（最小化、存储限制、完整性）", "principles: minimisation, storage limitation, integrity"),
    ("9", "特殊类别数据", "special categories of data"),
    ("10", "刑事定罪数据", "criminal conviction data"),
    ("17", "删除权", "erasure"),
    ("22", "自动化决策", "automated decisions"),
    ("25", "设计与默认的数据保护", "data protection by design and by default"),
    ("32", "处理安全", "security of processing"),
)  # fmt: skip

NIST = _t(
    "nist",
    "NIST AI 600-1 生成式人工智能风险",
    "NIST AI 600-1 generative AI risks",
    ("600-1.1", "化生放核信息", "CBRN information"),
    ("600-1.2", "虚构", "confabulation"),
    ("600-1.3", "危险、暴力或仇恨内容", "dangerous, violent or hateful content"),
    ("600-1.4", "数据隐私", "data privacy"),
    ("600-1.5", "环境影响", "environmental impacts"),
    ("600-1.6", "有害偏见与同质化", "harmful bias and homogenization"),
    ("600-1.7", "人机配置", "human-AI configuration"),
    ("600-1.8", "信息完整性", "information integrity"),
    ("600-1.9", "信息安全", "information security"),
    ("600-1.10", "知识产权", "intellectual property"),
    ("600-1.11", "淫秽、贬损或辱骂内容", "obscene, degrading or abusive content"),
    ("600-1.12", "价值链与组件集成", "value chain and component integration"),
)

CNGENAI = _t(
    "cngenai",
    "生成式人工智能服务管理暂行办法",
    "Interim Measures for Generative AI Services (China)",
    ("4", "内容与权益要求", "content and rights"),
    ("10", "防止未成年人过度依赖或沉迷", "minors: preventing over-reliance"),
    ("11", "保护输入信息和使用记录", "protecting inputs and usage records"),
    ("14", "违法内容与违法活动的处置", "handling illegal content and misuse"),
    ("15", "投诉举报", "complaints"),
    ("17", "安全评估与算法备案", "security assessment and filing"),
)

CNLABEL = _t(
    "cnlabel",
    "人工智能生成合成内容标识办法",
    "Measures for labelling AI-generated content (China)",
    ("4", "显式标识", "explicit label"),
    ("5", "隐式标识", "implicit label"),
    ("9", "不含显式标识的提供与记录", "delivery without label, with records"),
    ("10", "不得删除、篡改标识", "labels may not be removed or altered"),
)

EUAIA = _t(
    "euaia",
    "欧盟《人工智能法》",
    "EU AI Act",
    ("5", "禁止的做法", "prohibited practices"),
    ("12", "日志", "record keeping"),
    ("14", "人工监督", "human oversight"),
    ("15", "准确性、稳健性与网络安全", "accuracy, robustness and cybersecurity"),
    ("19", "日志保存", "keeping of logs"),
    ("26", "部署者义务", "obligations of deployers"),
    ("50", "透明度", "transparency"),
)

HOUSE = _t(
    "house",
    "本组织自己的要求",
    "the organisation's own requirements",
    ("business", "业务规定", "business rule"),
    ("quality", "回答质量", "quality of answers"),
    ("cost", "成本控制", "cost control"),
)

TAXONOMIES = (GBT45654, MLCOMMONS, OWASP, PIPL, GDPR, NIST, CNGENAI, CNLABEL, EUAIA, HOUSE)
ALIASES = {
    "owasp-llm": "owasp",
    "owasp-llm-2025": "owasp",
    "nist-ai-600-1": "nist",
    "gb45654": "gbt45654",
}
BY_ID = {c.id: c for t in TAXONOMIES for c in t.categories}


def taxonomy(name: str) -> Taxonomy | None:
    wanted = ALIASES.get(name, name)
    return next((t for t in TAXONOMIES if t.id == wanted), None)
