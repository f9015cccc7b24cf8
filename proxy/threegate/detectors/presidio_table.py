"""What of Presidio we use: its national identifiers, their labels in Chinese, its names of entities
and our kinds."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.detectors.without_spacy import without_spacy

with without_spacy():
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer import predefined_recognizers as predefined

PREDEFINED: tuple[type[PatternRecognizer], ...] = (
    predefined.AuAbnRecognizer,
    predefined.AuAcnRecognizer,
    predefined.AuTfnRecognizer,
    predefined.AuMedicareRecognizer,
    predefined.CaSinRecognizer,
    predefined.DeTaxIdRecognizer,
    predefined.EsNieRecognizer,
    predefined.EsNifRecognizer,
    predefined.FiPersonalIdentityCodeRecognizer,
    predefined.InAadhaarRecognizer,
    predefined.ItFiscalCodeRecognizer,
    predefined.KrRrnRecognizer,
    predefined.PlPeselRecognizer,
    predefined.SePersonnummerRecognizer,
    predefined.SgFinRecognizer,
    predefined.ThTninRecognizer,
    predefined.TrNationalIdRecognizer,
    predefined.UsItinRecognizer,
    predefined.UsNpiRecognizer,
    predefined.ZaIdNumberRecognizer,
    predefined.DeFuehrerscheinRecognizer,
    predefined.DeHealthInsuranceRecognizer,
    predefined.DeIdCardRecognizer,
    predefined.DeSocialSecurityRecognizer,
    predefined.DeVatIdRecognizer,
    predefined.InGstinRecognizer,
    predefined.InPanRecognizer,
    predefined.InVoterRecognizer,
    predefined.ItDriverLicenseRecognizer,
    predefined.ItVatCodeRecognizer,
    predefined.KrBrnRecognizer,
    predefined.KrFrnRecognizer,
    predefined.MedicalLicenseRecognizer,
    predefined.NgNinRecognizer,
    predefined.PhUmidRecognizer,
    predefined.SeOrganisationsnummerRecognizer,
    predefined.SgUenRecognizer,
    predefined.TrLicensePlateRecognizer,
    predefined.UkVehicleRegistrationRecognizer,
    predefined.UsMbiRecognizer,
    predefined.ZaLicensePlateRecognizer,
)
MORE_CONTEXT: Mapping[str, str] = {
    "AU_ABN": "澳大利亚商业号|澳洲商业号|australian business number",
    "AU_ACN": "澳大利亚公司号|澳洲公司号",
    "AU_MEDICARE": "澳大利亚医保|澳洲医保",
    "AU_TFN": "澳大利亚税号|澳洲税号|tax file number",
    "CA_SIN": "加拿大社会保险|加拿大社保",
    "DE_FUEHRERSCHEIN": "德国驾照",
    "DE_HEALTH_INSURANCE": "德国医保",
    "DE_ID_CARD": "德国身份证|german id",
    "DE_SOCIAL_SECURITY": "德国社会保险|德国社保|german social security",
    "DE_TAX_ID": "德国税号|german tax id|tax id|steuer id",
    "DE_VAT_ID": "德国增值税",
    "ES_NIE": "西班牙外国人|外国人号|spanish nie",
    "ES_NIF": "西班牙税号|西班牙身份证|spanish id|spanish tax",
    "FI_PERSONAL_IDENTITY_CODE": "芬兰个人|芬兰身份|finnish personal|finnish id",
    "IN_AADHAAR": "印度身份证|aadhar",
    "IN_GSTIN": "印度商品服务税",
    "IN_PAN": "印度税号|pan card|pan number",
    "IN_VOTER": "印度选民证|voter id",
    "IT_DRIVER_LICENSE": "意大利驾照",
    "IT_FISCAL_CODE": "意大利税号|fiscal code|italian tax",
    "IT_VAT_CODE": "意大利增值税|italian vat|partita iva",
    "KR_BRN": "韩国企业登记|韩国营业执照",
    "KR_FRN": "韩国外国人登录|外国人登录号",
    "KR_RRN": "韩国居民登录|韩国身份证|주민등록번호|korean id|resident registration",
    "MEDICAL_LICENSE": "行医执照|医师执照|medical license|medical licence",
    "NG_NIN": "尼日利亚身份",
    "PH_UMID": "菲律宾社保",
    "PL_PESEL": "波兰身份|波兰个人",
    "SE_ORGANISATIONSNUMMER": "瑞典机构|瑞典公司",
    "SE_PERSONNUMMER": "瑞典个人|瑞典身份|swedish personal|swedish id",
    "SG_NRIC_FIN": "新加坡身份证|新加坡准证",
    "SG_UEN": "新加坡公司|新加坡机构",
    "TH_TNIN": "泰国身份证|thai national|thai id",
    "TR_LICENSE_PLATE": "土耳其车牌",
    "TR_NATIONAL_ID": "土耳其身份证|kimlik|turkish national",
    "UK_VEHICLE_REGISTRATION": "英国车牌",
    "US_ITIN": "美国个人税号|individual taxpayer",
    "US_MBI": "美国医保",
    "US_NPI": "美国医疗提供者|npi number",
    "ZA_ID_NUMBER": "南非身份证|za id|south african",
    "ZA_LICENSE_PLATE": "南非车牌",
}
"""Labels beside those that Presidio knows, by entity: Chinese ones, and what data calls them."""

_KNOWN = {
    "pii.email": "EMAIL_ADDRESS",
    "pii.bank_card": "CREDIT_CARD",
    "pii.ip": "IP_ADDRESS",
    "pii.mac": "MAC_ADDRESS",
    "pii.iban": "IBAN_CODE",
    "pii.phone": "PHONE_NUMBER",
    "pii.crypto_wallet": "CRYPTO",
    "pii.address": "LOCATION",
    "pii.de.driving_licence": "DE_FUEHRERSCHEIN",
}
_CODES = "AU CA CN DE ES FI HK IN IT KR MO NG PH PL SE SG TH TR TW UK US ZA"
_COUNTRIES = frozenset(_CODES.split())


def entity_of(kind: str) -> str:
    """`pii.cn.id_card` is CN_ID_CARD; where Presidio has a name, that one."""
    return _KNOWN.get(kind) or kind.removeprefix("pii.").replace(".", "_").upper()


def kind_of(entity: str) -> str:
    """AU_ABN is `pii.au.abn`, EMPLOYEE_NO is `pii.employee_no`."""
    known = {v: k for k, v in _KNOWN.items()}.get(entity)
    country, _, rest = entity.partition("_")
    dotted = f"{country}.{rest}" if country in _COUNTRIES and rest else entity
    return known or "pii." + dotted.lower()
