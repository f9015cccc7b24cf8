"""What the made-up set contains: each kind with its labels in both languages, the key it has in
data, and the ways in which people write it down."""

# ruff: noqa: E501 (a table reads better with one kind a line)
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.made import china, draws, national, world
from bench.made.draws import Make

Write = Callable[[Random, str], str]


@dataclass(frozen=True, slots=True)
class MadeKind:
    """`bare`: it may stand without a label. `key` is what data and code call it."""

    label: str
    make: Make
    key: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    writings: tuple[Write, ...] = ()
    checked: bool = False
    bare: bool = False


def as_is(rng: Random, value: str) -> str:
    return value


def wide(rng: Random, value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() and c.isascii() else c for c in value)


def lower(rng: Random, value: str) -> str:
    return value.lower()


def in_chinese(rng: Random, value: str) -> str:
    one = rng.choice("一幺")
    return value.translate(str.maketrans("0123456789", f"零{one}二三四五六七八九"))


def grouped(*sizes: int, by: str = " -") -> Write:
    """The last group takes the rest."""

    def write(rng: Random, value: str) -> str:
        sign, parts, at = rng.choice(by), [], 0
        for size in sizes:
            parts.append(value[at : at + size])
            at += size
        return sign.join(p for p in (*parts, value[at:]) if p)

    return write


def broken(at: int) -> Write:
    """Over the end of a line."""
    return lambda rng, value: f"{value[:at]}\n{value[at:]}"


def after(*heads: str) -> Write:
    return lambda rng, value: rng.choice(heads) + value


def dotted(rng: Random, value: str) -> str:
    return value[:2] + rng.choice("·• ") + value[2:]


CHINESE: tuple[MadeKind, ...] = (
    MadeKind("CN_ID_CARD", china.resident_id, "id_card", ("身份证号", "身份证", "居民身份证号码", "证件号", "公民身份号码"), ("ID card", "Chinese ID number", "national ID"), (as_is, as_is, lower, wide, grouped(6, 8), grouped(6, 4, 4), broken(10), in_chinese), True, True),
    MadeKind("CN_ID_CARD", china.residence_permit, "permit_no", ("港澳居民居住证", "台湾居民居住证号码", "居住证号"), ("residence permit",), (as_is, grouped(6, 8)), True, True),
    MadeKind("CN_ID_CARD", china.foreign_permit, "residence_no", ("外国人永久居留身份证", "永久居留证号"), ("permanent resident ID",), (as_is,), True, True),
    MadeKind("CN_ID_CARD", china.foreign_permit_old, "residence_permit", ("外国人永久居留证", "永久居留证号码"), ("permanent residence card",), (as_is,)),
    MadeKind("CN_ID_CARD", china.resident_id_old, "id_no", ("老身份证号", "15位身份证号", "身份证"), ("old ID card",), (as_is,)),
    MadeKind("USCC", china.credit_code, "credit_code", ("统一社会信用代码", "税号", "纳税人识别号", "信用代码"), ("unified social credit code", "taxpayer ID", "credit code"), (as_is, as_is, lower, wide, grouped(2, 6, 9, by=" "), grouped(4, 4, 4, 4, by=" ")), True, True),
    MadeKind("BANK_CARD", china.bank_card, "card_no", ("银行卡号", "卡号", "信用卡号", "银行账号"), ("card number", "bank card", "credit card"), (as_is, as_is, grouped(4, 4, 4, 4), wide, broken(8), in_chinese), True, True),
    MadeKind("CN_MOBILE", china.mobile, "mobile", ("手机号", "电话", "联系方式", "手机", "联系电话"), ("mobile", "phone number", "cell"), (as_is, as_is, grouped(3, 4, 4), wide, after("+86 ", "+86", "86-", "0086 "), in_chinese), bare=True),
    MadeKind("CN_LANDLINE", china.landline, "office_phone", ("座机", "办公电话", "固话", "传真"), ("landline", "office phone", "fax"), (as_is, lambda r, v: v.replace("-", ""), lambda r, v: "({}) {}".format(*v.split("-")), lambda r, v: "（{}）{}".format(*v.split("-")))),
    MadeKind("CN_PASSPORT", china.passport, "passport_no", ("护照号", "护照", "护照号码"), ("passport number", "passport no.", "Chinese passport"), (as_is, lower, wide)),
    MadeKind("HK_PERMIT", china.home_permit, "home_permit", ("回乡证", "港澳居民来往内地通行证", "回乡证号码"), ("home return permit", "mainland travel permit"), (as_is, as_is, wide)),
    MadeKind("TW_PERMIT", china.taiwan_permit, "tw_permit", ("台胞证号", "台湾居民来往大陆通行证"), ("Taiwan compatriot permit", "mainland travel permit"), (as_is,)),
    MadeKind("TRAVEL_PERMIT", china.travel_permit, "travel_permit", ("港澳通行证", "往来港澳通行证号码", "往来台湾通行证"), ("Hong Kong and Macau permit", "exit permit"), (as_is,)),
    MadeKind("MILITARY_ID", china.military, "officer_no", ("军官证号", "士兵证", "军官证", "文职干部证"), ("military ID", "officer card"), (as_is,)),
    MadeKind("CN_PLATE", china.plate, "plate", ("车牌号", "车牌", "号牌"), ("plate number", "license plate"), (as_is, dotted, wide), bare=True),
    MadeKind("CN_PLATE", china.plate_electric, "plate_no", ("新能源车牌", "绿牌", "车牌号"), ("EV plate",), (as_is, dotted), bare=True),
    MadeKind("CN_PLATE", china.plate_special, "vehicle_plate", ("车牌号", "牌照"), ("plate",), (as_is, dotted), bare=True),
    MadeKind("VIN", china.vin, "vin", ("车架号", "车辆识别代号", "车架号码"), ("VIN", "chassis number", "vehicle identification number"), (as_is, as_is, lower, grouped(3, 6, 2, by=" "), grouped(4, 4, 4, 4, by=" "), wide), True, True),
    MadeKind("WECHAT", china.wechat, "wechat", ("微信号", "微信", "加我微信", "vx", "WeChat"), ("WeChat", "WeChat ID", "wechat id"), (as_is,)),
    MadeKind("QQ", china.qq, "qq", ("QQ号", "QQ", "扣扣", "qq号码"), ("QQ", "QQ number"), (as_is, wide)),
    MadeKind("MEDICAL_ID", china.medical, "mrn", ("病历号", "住院号", "门诊号", "就诊卡号", "医保卡号", "处方号"), ("medical record number", "MRN", "patient ID"), (as_is,)),
    MadeKind("SOCIAL_SECURITY", china.social, "shebao_no", ("社保卡号", "社保号", "社会保障号", "个人社保编号"), ("China social security card", "China social insurance number"), (as_is,)),
    MadeKind("HK_ID", china.hong_kong, "hkid", ("香港身份证", "香港身份證號碼", "HKID"), ("HKID", "Hong Kong identity card"), (as_is, lambda r, v: v.replace("(", "").replace(")", "")), True),
    MadeKind("MO_ID", china.macau, "macau_id", ("澳门身份证", "澳門居民身份證"), ("Macau ID card",), (as_is,)),
    MadeKind("TW_ID", china.taiwan, "tw_id", ("台湾身份证", "身分證字號", "國民身分證統一編號"), ("Taiwan ID", "national ID"), (as_is,), True),
)  # fmt: skip

WORLD: tuple[MadeKind, ...] = (
    MadeKind("EMAIL", world.email, "email", ("邮箱", "电子邮件", "联系邮箱"), ("e-mail", "email address", "mail"), (as_is, as_is, as_is, wide), bare=True),
    MadeKind("IP", world.ipv4, "client_ip", ("IP地址", "登录IP", "服务器"), ("IP", "IP address", "client address"), (as_is, wide), bare=True),
    MadeKind("IP", world.ipv6, "ipv6", ("IPv6地址", "IP"), ("IPv6 address", "address"), (as_is,), bare=True),
    MadeKind("MAC", world.mac, "mac", ("MAC地址", "物理地址"), ("MAC address", "hardware address"), (as_is, lambda r, v: v.upper(), lambda r, v: (b := v.replace(":", "").replace("-", ""))[:4] + "." + b[4:8] + "." + b[8:]), bare=True),
    MadeKind("IBAN", world.iban, "iban", ("IBAN", "国际银行账号", "收款账号"), ("IBAN", "bank account"), (as_is, grouped(4, 4, 4, 4, 4, by=" ")), True, True),
    MadeKind("US_SSN", world.ssn, "ssn", ("社会安全号", "美国社保号", "SSN"), ("SSN", "social security number", "social"), (as_is, as_is, lambda r, v: v.replace("-", " "), lambda r, v: v.replace("-", ""))),
    MadeKind("UK_NINO", world.nino, "nino", ("英国国民保险号", "NINO"), ("National Insurance number", "NI number", "NINO"), (as_is, grouped(2, 2, 2, 2, by=" "))),
    MadeKind("UK_NHS", world.nhs, "nhs_number", ("英国NHS号", "NHS号"), ("NHS number", "NHS no."), (as_is, grouped(3, 3)), True),
    MadeKind("CRYPTO", world.bitcoin, "wallet", ("比特币地址", "钱包地址", "收款地址"), ("bitcoin address", "wallet"), (as_is,), True, True),
    MadeKind("CRYPTO", world.ethereum, "eth_address", ("以太坊地址", "钱包地址"), ("Ethereum address", "ETH wallet"), (as_is,), bare=True),
    MadeKind("PHONE", world.phone, "phone", ("海外电话", "电话", "联系电话"), ("phone", "mobile", "call me at"), (as_is,)),
    MadeKind("AU_ABN", national.abn, "abn", ("澳大利亚商业号", "ABN"), ("ABN", "Australian business number"), (as_is, grouped(2, 3, 3, by=" ")), True),
    MadeKind("AU_ACN", national.acn, "acn", ("澳大利亚公司号", "ACN"), ("ACN", "Australian company number"), (grouped(3, 3, by=" "), as_is), True),
    MadeKind("AU_TFN", national.tfn, "tfn", ("澳大利亚税号", "TFN"), ("TFN", "tax file number"), (grouped(3, 3, by=" "), as_is), True),
    MadeKind("AU_MEDICARE", national.medicare, "medicare", ("澳大利亚医保号", "Medicare卡号"), ("Medicare number", "Medicare card"), (grouped(4, 5, by=" "), as_is), True),
    MadeKind("CA_SIN", national.sin, "sin", ("加拿大社会保险号", "SIN"), ("SIN", "social insurance number"), (as_is, lambda r, v: v.replace(" ", "-")), True),
    MadeKind("DE_TAX_ID", national.german_tax, "steuer_id", ("德国税号",), ("Steuer-ID", "German tax ID"), (as_is,), True),
    MadeKind("ES_NIF", national.nif, "nif", ("西班牙税号", "DNI"), ("DNI", "NIF"), (as_is,), True),
    MadeKind("ES_NIE", national.nie, "nie", ("西班牙外国人号", "NIE"), ("NIE", "Spanish NIE"), (as_is,), True),
    MadeKind("FI_PERSONAL_IDENTITY_CODE", national.finnish, "hetu", ("芬兰个人识别码",), ("henkilötunnus", "Finnish personal identity code"), (as_is,), True),
    MadeKind("IN_AADHAAR", national.aadhaar, "aadhaar", ("印度Aadhaar号", "Aadhaar"), ("Aadhaar number", "Aadhaar"), (as_is, grouped(4, 4, by=" -")), True),
    MadeKind("IN_PAN", national.pan, "pan", ("印度税号PAN", "PAN"), ("PAN", "permanent account number"), (as_is,)),
    MadeKind("IT_FISCAL_CODE", national.fiscal_code, "codice_fiscale", ("意大利税号",), ("codice fiscale", "Italian fiscal code"), (as_is,), True),
    MadeKind("KR_RRN", national.korean, "rrn", ("韩国居民登录号", "韩国身份证号"), ("RRN", "Korean resident registration number"), (as_is,)),
    MadeKind("PL_PESEL", national.pesel, "pesel", ("波兰PESEL号", "PESEL"), ("PESEL", "PESEL number"), (as_is,), True),
    MadeKind("SE_PERSONNUMMER", national.personnummer, "personnummer", ("瑞典个人号",), ("personnummer", "Swedish personal number"), (as_is,), True),
    MadeKind("SG_NRIC_FIN", national.nric, "nric", ("新加坡身份证", "NRIC"), ("NRIC", "FIN"), (as_is,), True),
    MadeKind("TH_TNIN", national.thai, "thai_id", ("泰国身份证号",), ("Thai national ID", "TNIN"), (as_is,), True),
    MadeKind("TR_NATIONAL_ID", national.turkish, "tckn", ("土耳其身份证号",), ("TC kimlik no", "Turkish national ID"), (as_is,), True),
    MadeKind("US_ITIN", national.itin, "itin", ("美国个人税号", "ITIN"), ("ITIN", "individual taxpayer number"), (as_is,)),
    MadeKind("US_NPI", national.npi, "npi", ("美国医疗提供者编号", "NPI"), ("NPI", "NPI number"), (as_is,), True),
    MadeKind("ZA_ID_NUMBER", national.south_african, "za_id", ("南非身份证号",), ("South African ID", "RSA ID number"), (as_is,), True),
    MadeKind("US_PASSPORT", national.american_passport, "us_passport", ("美国护照号", "美国护照"), ("US passport number", "American passport"), (as_is,)),
    MadeKind("US_DRIVER_LICENSE", national.american_licence, "driver_license", ("美国驾照号", "驾照号码"), ("driver's license", "driver license number", "DL number"), (as_is,)),
    MadeKind("UK_DRIVING_LICENCE", national.british_licence, "driving_licence", ("英国驾照号",), ("driving licence", "DVLA licence number"), (as_is,)),
    MadeKind("UK_PASSPORT", lambda r: draws.number(r, 9), "uk_passport", ("英国护照号",), ("British passport", "UK passport number"), (as_is,)),
    MadeKind("IN_PASSPORT", lambda r: r.choice("KLMNPRSTZ") + draws.number(r, 6) + r.choice("123456789"), "indian_passport", ("印度护照号",), ("Indian passport", "Indian passport number"), (as_is,)),
    MadeKind("IN_VOTER", lambda r: draws.letters(r, 3, "ABDGKRS") + draws.digits(r, 7), "voter_id", ("印度选民证",), ("voter ID", "EPIC number"), (as_is,)),
    MadeKind("US_BANK_NUMBER", national.bank_account, "account_number", ("银行账号", "银行账户", "对公账号", "开户账号"), ("bank account number", "account no.", "account number"), (as_is,)),
)  # fmt: skip

KINDS = CHINESE + WORLD
CHECKED = frozenset(k.label for k in KINDS if k.checked)
"""Labels of kinds with a check digit."""
