"""The vocabulary of kinds: everything a detector may find, its name in both languages and the
taxonomy ids it serves.

`pii.id_other`-like kinds come from models, `secret.*` from rules by provider; `list.`, `pattern.`
and `category.` kinds come from the policy itself. A test compares this table with what the
detectors declare.
"""

from __future__ import annotations

from dataclasses import dataclass

from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class KindInfo:
    """`open` kinds are families: anything below them is a kind as well."""

    kind: str
    title: Bilingual
    why: tuple[str, ...] = ()
    open: bool = False


_PII = ("gbt45654.A4.f", "pipl.51", "gdpr.5", "mlcommons.prv", "owasp.llm02", "nist.600-1.4")
_SENSITIVE = (*_PII, "pipl.28")
_INJECTION = ("owasp.llm01", "nist.600-1.9")
_LEAK = ("owasp.llm07", "owasp.llm02")
_OUTPUT = ("owasp.llm05",)


def _k(kind: str, zh: str, en: str, why: tuple[str, ...] = (), *, open: bool = False) -> KindInfo:
    return KindInfo(kind, Bilingual(zh, en), why, open)


KIND_INFOS = (
    _k("pii.cn.id_card", "居民身份证号", "Chinese resident ID number", _PII),
    _k("pii.cn.mobile", "中国手机号", "Chinese mobile number", _PII),
    _k("pii.cn.landline", "中国固定电话", "Chinese landline number", _PII),
    _k("pii.cn.uscc", "统一社会信用代码", "unified social credit code", ("gbt45654.A3.c",)),
    _k("pii.cn.passport", "中国护照号", "Chinese passport number", _PII),
    _k("pii.cn.travel_permit", "港澳台通行证号", "Hong Kong, Macau or Taiwan travel permit", _PII),
    _k("pii.cn.military_id", "军官证号", "military ID number", (*_SENSITIVE, "gbt45654.A1.b")),
    _k("pii.cn.plate", "车牌号", "Chinese vehicle plate", _PII),
    _k("pii.cn.wechat", "微信号", "WeChat ID", _PII),
    _k("pii.cn.qq", "QQ 号", "QQ number", _PII),
    _k("pii.cn.medical_id", "医保卡号、病历号", "medical record or insurance number", _SENSITIVE),
    _k("pii.cn.social_security", "社会保障号", "social security number (China)", _SENSITIVE),
    _k("pii.hk.id_card", "香港身份证号", "Hong Kong identity card number", _PII),
    _k("pii.mo.id_card", "澳门身份证号", "Macau identity card number", _PII),
    _k("pii.tw.id_card", "台湾身份证号", "Taiwan identity card number", _PII),
    _k("pii.uk.nhs", "英国 NHS 号", "UK NHS number", _SENSITIVE),
    _k("pii.uk.nino", "英国国民保险号", "UK national insurance number", _PII),
    _k("pii.bank_card", "银行卡号", "bank card number", _SENSITIVE),
    _k("pii.email", "电子邮箱", "e-mail address", _PII),
    _k("pii.phone", "电话号码", "phone number", _PII),
    _k("pii.ip", "IP 地址", "IP address", _PII),
    _k("pii.mac", "MAC 地址", "MAC address", _PII),
    _k("pii.iban", "国际银行账号", "IBAN", _SENSITIVE),
    _k("pii.us.ssn", "美国社会安全号", "US social security number", _SENSITIVE),
    _k("pii.au.abn", "澳大利亚商业号", "Australian business number", _PII),
    _k("pii.au.acn", "澳大利亚公司号", "Australian company number", _PII),
    _k("pii.au.medicare", "澳大利亚医保号", "Australian Medicare number", _PII),
    _k("pii.au.tfn", "澳大利亚税号", "Australian tax file number", _PII),
    _k("pii.ca.sin", "加拿大社会保险号", "Canadian social insurance number", _PII),
    _k("pii.de.tax_id", "德国税号", "German tax ID", _PII),
    _k("pii.es.nie", "西班牙外国人号", "Spanish NIE", _PII),
    _k("pii.es.nif", "西班牙税号", "Spanish NIF", _PII),
    _k("pii.fi.personal_identity_code", "芬兰个人识别码", "Finnish personal identity code", _PII),
    _k("pii.in.aadhaar", "印度 Aadhaar 号", "Indian Aadhaar number", _PII),
    _k("pii.it.fiscal_code", "意大利税号", "Italian fiscal code", _PII),
    _k("pii.kr.rrn", "韩国居民登录号", "Korean resident registration number", _PII),
    _k("pii.pl.pesel", "波兰 PESEL 号", "Polish PESEL", _PII),
    _k("pii.se.personnummer", "瑞典个人号", "Swedish personal number", _PII),
    _k("pii.sg.nric_fin", "新加坡身份证号", "Singapore NRIC or FIN", _PII),
    _k("pii.th.tnin", "泰国身份证号", "Thai national ID number", _PII),
    _k("pii.tr.national_id", "土耳其身份证号", "Turkish national ID number", _PII),
    _k("pii.us.itin", "美国个人税号", "US ITIN", _PII),
    _k("pii.us.npi", "美国医疗提供者编号", "US NPI", _PII),
    _k("pii.za.id_number", "南非身份证号", "South African ID number", _PII),
    _k("pii.de.driving_licence", "德国驾照号", "German driving licence number", _PII),
    _k("pii.de.health_insurance", "德国医保号", "German health insurance number", _SENSITIVE),
    _k("pii.de.id_card", "德国身份证号", "German identity card number", _PII),
    _k("pii.de.social_security", "德国社会保险号", "German social security number", _PII),
    _k("pii.de.vat_id", "德国增值税号", "German VAT ID", _PII),
    _k("pii.in.gstin", "印度商品服务税号", "Indian GSTIN", _PII),
    _k("pii.in.pan", "印度税号（PAN）", "Indian PAN", _PII),
    _k("pii.in.voter", "印度选民证号", "Indian voter ID", _PII),
    _k("pii.it.driver_license", "意大利驾照号", "Italian driving licence number", _PII),
    _k("pii.it.vat_code", "意大利增值税号", "Italian VAT code", _PII),
    _k("pii.kr.brn", "韩国企业登记号", "Korean business registration number", _PII),
    _k("pii.kr.frn", "韩国外国人登录号", "Korean foreigner registration number", _PII),
    _k("pii.ng.nin", "尼日利亚身份号", "Nigerian NIN", _PII),
    _k("pii.ph.umid", "菲律宾 UMID 号", "Philippine UMID", _PII),
    _k("pii.se.organisationsnummer", "瑞典机构号", "Swedish organisation number", _PII),
    _k("pii.sg.uen", "新加坡机构号", "Singapore UEN", _PII),
    _k("pii.tr.license_plate", "土耳其车牌号", "Turkish licence plate", _PII),
    _k("pii.uk.vehicle_registration", "英国车牌号", "UK vehicle registration", _PII),
    _k("pii.us.mbi", "美国医保受益人号", "US Medicare beneficiary ID", _SENSITIVE),
    _k("pii.za.license_plate", "南非车牌号", "South African licence plate", _PII),
    _k("pii.medical_license", "行医执照号", "medical licence number", _PII),
    _k("pii.passport", "护照号（其他国家）", "passport number (any country)", _PII),
    _k("pii.driving_licence", "驾照号", "driving licence number", _PII),
    _k("pii.bank_account", "银行账号", "bank account number", _SENSITIVE),
    _k("pii.vin", "车辆识别代号", "vehicle identification number", _PII),
    _k("pii.address", "地址", "postal address", _PII),
    _k("pii.crypto_wallet", "加密货币地址", "crypto wallet address", _SENSITIVE),
    _k("pii.person", "人名", "name of a person", _PII),
    _k("pii.org", "机构名", "name of an organisation"),
    _k("pii.dob", "出生日期", "date of birth", _PII),
    _k("pii.medical", "健康信息", "health detail of a person", (*_SENSITIVE, "gdpr.9")),
    _k("pii.account", "账号名", "account name", _PII),
    _k("pii.id_other", "其他证件号", "other identity number", _PII),
    _k(
        "secret",
        "密钥和口令",
        "keys and passwords",
        ("owasp.llm02", "gbt45654.A3.c", "nist.600-1.9"),
        open=True,
    ),
    _k("injection.direct", "直接提示词注入", "direct prompt injection", _INJECTION),
    _k(
        "injection.indirect",
        "间接提示词注入",
        "indirect prompt injection",
        (*_INJECTION, "owasp.llm08"),
    ),
    _k("injection.signature", "注入特征", "known injection wording", _INJECTION),
    _k("injection.role_delimiter", "伪造的角色分隔符", "forged role delimiter", _INJECTION),
    _k("hazard.violence", "暴力", "violence", ("gbt45654.A1.f", "mlcommons.vcr", "nist.600-1.3")),
    _k(
        "hazard.self_harm",
        "自伤自杀",
        "suicide and self-harm",
        ("gbt45654.A4.a", "mlcommons.ssh", "nist.600-1.3"),
    ),
    _k(
        "hazard.sexual",
        "色情",
        "sexual content",
        ("gbt45654.A1.f", "mlcommons.sxc", "mlcommons.src", "nist.600-1.11"),
    ),
    _k(
        "hazard.child_safety",
        "儿童性剥削",
        "child sexual exploitation",
        ("gbt45654.A1.h", "mlcommons.cse", "nist.600-1.11"),
    ),
    _k(
        "hazard.hate",
        "仇恨",
        "hate",
        (
            "gbt45654.A1.e",
            "gbt45654.A2.a",
            "gbt45654.A2.b",
            "gbt45654.A2.c",
            "mlcommons.hte",
            "nist.600-1.3",
        ),
    ),
    _k(
        "hazard.harassment",
        "辱骂骚扰",
        "harassment",
        ("gbt45654.A4.a", "gbt45654.A4.c", "gbt45654.A4.d", "mlcommons.dfm", "nist.600-1.11"),
    ),
    _k("hazard.weapons", "武器", "weapons", ("gbt45654.A1.h", "mlcommons.iwp", "nist.600-1.1")),
    _k("hazard.drugs", "毒品", "drugs", ("gbt45654.A1.h", "mlcommons.ncr")),
    _k(
        "hazard.cyber",
        "网络攻击",
        "cyber attack",
        ("gbt45654.A1.h", "mlcommons.ncr", "nist.600-1.9"),
    ),
    _k("hazard.fraud", "诈骗", "fraud", ("gbt45654.A3.b", "gbt45654.A4.g", "mlcommons.ncr")),
    _k(
        "hazard.privacy",
        "侵犯隐私",
        "privacy intrusion",
        ("gbt45654.A4.b", "gbt45654.A4.e", "gbt45654.A4.f", "mlcommons.prv", "nist.600-1.4"),
    ),
    _k(
        "hazard.extremism",
        "恐怖主义、极端主义",
        "terrorism and extremism",
        ("gbt45654.A1.d", "mlcommons.vcr", "nist.600-1.3"),
    ),
    _k(
        "hazard.state_security",
        "危害国家安全",
        "state security",
        ("gbt45654.A1.a", "gbt45654.A1.b", "gbt45654.A1.c"),
    ),
    _k(
        "hazard.misinformation",
        "虚假有害信息",
        "harmful misinformation",
        ("gbt45654.A1.g", "owasp.llm09", "nist.600-1.8"),
    ),
    _k(
        "hazard.discrimination",
        "歧视",
        "discrimination",
        (*(f"gbt45654.A2.{c}" for c in "abcdefghi"), "mlcommons.hte", "nist.600-1.6"),
    ),
    _k(
        "hazard.regulated_advice",
        "专业建议（医疗、法律、金融）",
        "regulated advice",
        ("gbt45654.A5.b", "mlcommons.spc"),
    ),
    _k(
        "hazard.ip",
        "侵犯知识产权",
        "intellectual property",
        ("gbt45654.A3.a", "mlcommons.ipv", "nist.600-1.10"),
    ),
    _k(
        "hazard.other_crime",
        "其他违法行为",
        "other crime",
        ("gbt45654.A1.h", "gbt45654.A3.d", "gbt45654.A3.e", "mlcommons.ncr"),
    ),
    _k(
        "offensive",
        "冒犯性语言",
        "offensive language",
        ("gbt45654.A4.a", "gbt45654.A2.i", "nist.600-1.11"),
    ),
    _k(
        "compliance.harmful",
        "回答顺从了有害请求",
        "answer complies with a harmful request",
        ("gbt45654.A1.h", "nist.600-1.3"),
    ),
    _k(
        "claim.contradicted",
        "与来源矛盾的陈述",
        "claim that a source contradicts",
        ("owasp.llm09", "gbt45654.A5.a", "nist.600-1.2"),
    ),
    _k(
        "claim.unsupported",
        "来源没有依据的陈述",
        "claim that no source supports",
        ("owasp.llm09", "gbt45654.A5.b", "nist.600-1.2"),
    ),
    _k(
        "claim.no_source",
        "没有来源可核查的陈述",
        "claim without any source to check",
        ("gbt45654.A5.b",),
    ),
    _k("claim.supported", "有依据的陈述", "supported claim"),
    _k("leak.constitution", "泄露约束文本", "leak of the constitution", _LEAK),
    _k("leak.canary", "泄露暗记", "leak of a canary", _LEAK),
    _k(
        "leak.pii",
        "泄露输入里没有的个人信息",
        "personal data that was not in the input",
        _PII,
        open=True,
    ),
    _k("format.json_schema", "不符合 JSON Schema", "does not fit the JSON Schema", _OUTPUT),
    _k("format.language", "回答语言不符", "answer in another language"),
    _k("format.url", "链接", "link", _OUTPUT),
    _k("format.code", "代码", "code", _OUTPUT),
    _k("judge", "语言模型评判", "a language model's judgement", open=True),
    _k("format.length", "长度超限", "too long", ("owasp.llm10",)),
)
BY_KIND = {info.kind: info for info in KIND_INFOS}
KINDS = frozenset(BY_KIND)
OPEN_FAMILIES = tuple(info.kind for info in KIND_INFOS if info.open)


def is_known(pattern: str, known: frozenset[str]) -> bool:
    """Whether a kind, a prefix (`pii.cn`) or a wildcard (`pii.cn.*`) can match anything that is
    known."""
    stem = pattern.removesuffix(".*")
    if any(stem == family or stem.startswith(family + ".") for family in OPEN_FAMILIES):
        return True
    return any(kind == stem or kind.startswith(stem + ".") for kind in known)


def title_of(pattern: str) -> Bilingual:
    """Readable name of a kind or family; the kind itself where it has no name."""
    info = BY_KIND.get(pattern.removesuffix(".*"))
    return info.title if info else Bilingual(pattern, pattern)
