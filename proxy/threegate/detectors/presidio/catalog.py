"""What of Presidio we use: its national identifiers, their labels in Chinese, its names of entities
and our kinds."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.detectors.presidio.without_spacy import without_spacy

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
    "AU_ACN": "澳大利亚公司号|澳洲公司号|australian company number",
    "AU_MEDICARE": "澳大利亚医保|澳洲医保",
    "AU_TFN": "澳大利亚税号|澳洲税号|tax file number",
    "CA_SIN": "加拿大社会保险|加拿大社保",
    "DE_FUEHRERSCHEIN": "德国驾照",
    "DE_HEALTH_INSURANCE": "德国医保",
    "DE_ID_CARD": "德国身份证|german id",
    "DE_SOCIAL_SECURITY": "德国社会保险|德国社保|german social security",
    "DE_TAX_ID": "德国税号|german tax id|tax id|taxid|steuer id",
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
    "TH_TNIN": "泰国|thailand|thai|ประชาชน",
    "TR_LICENSE_PLATE": "土耳其车牌",
    "TR_NATIONAL_ID": "土耳其身份证|kimlik|turkish",
    "UK_VEHICLE_REGISTRATION": "英国车牌|plate",
    "US_ITIN": "美国个人税号|individual taxpayer",
    "US_MBI": "美国医保",
    "US_NPI": "美国医疗提供者|npi number",
    "ZA_ID_NUMBER": "南非身份证|za id|south african",
    "ZA_LICENSE_PLATE": "南非车牌",
}
"""Labels in addition to those that Presidio knows, by entity: Chinese ones, and what data calls
them."""
OTHER_FORMS: Mapping[str, str] = {
    "AU_ABN": r"[0-9]{2}[.\-][0-9]{3}[.\-][0-9]{3}[.\-][0-9]{3}",
    "AU_ACN": r"[0-9]{3}[.\-][0-9]{3}[.\-][0-9]{3}",
    "AU_TFN": r"[0-9]{3}[.\-][0-9]{3}[.\-][0-9]{3}",
    "AU_MEDICARE": r"[2-6][0-9]{3}[.\-][0-9]{5}[.\-][0-9]",
    "DE_TAX_ID": r"[1-9][0-9][ .\-/][0-9]{3}[ .\-/][0-9]{3}[ .\-/][0-9]{3}",
    "ES_NIE": r"[XYZ](?:-?[0-9]\.?[0-9]{3}\.?[0-9]{3}[.\-]?|[ ]?[0-9]{7}[ ]?)[A-Z]",
    "ES_NIF": r"[0-9]{1,2}[ .]?[0-9]{3}[ .]?[0-9]{3}[ .\-]?[A-Z]",
    "IN_AADHAAR": r"[0-9]{4}[./_][0-9]{4}[./_][0-9]{4}",
    "IT_FISCAL_CODE": r"[A-Z]{3}[ \-][A-Z]{3}[ \-][0-9A-Z]{5}[ \-][0-9A-Z]{5}",
    "KR_RRN": r"[0-9]{6}[ ]?[ \-–][ ]?[1-4][0-9]{6}",
    "PL_PESEL": r"[0-9]{6}[ .\-][0-9]{5}",
    "SE_PERSONNUMMER": r"(?:[0-9]{2})?[0-9]{6}[ .–][0-9]{4}",
    "SG_NRIC_FIN": r"[STFGM][ \-]?[0-9]{7}[ \-]?[A-Z]",
    "TH_TNIN": r"[1-9][ .\-][0-9]{4}[ .\-][0-9]{5}[ .\-][0-9]{2}[ .\-][0-9]",
    "TR_NATIONAL_ID": r"[1-9][0-9]{2}[ .\-][0-9]{3}[ .\-][0-9]{3}[ .\-][0-9]{2}",
    "ZA_ID_NUMBER": r"[0-9]{6}[ .\-][0-9]{4}[ .\-][01][89][ .\-]?[0-9]",
}
"""Groupings that Presidio does not know, of identifiers with a check digit."""

REWRITTEN: Mapping[str, str] = {
    "(?=.*?[a-zA-Z])": "(?=.{0,9}[a-zA-Z])",
    "(?=.*?[0-9]{4})": "(?=.{0,6}[0-9]{4})",
    "([0-9][ _]?){11}": "(?:[0-9][ _]?){10}[0-9]",
}
"""Parts of patterns. Of an Indian PAN, ten characters long, Presidio looks for the letter and the
digits in all of the text after it: a word is one where digits follow anywhere, and it takes the
square of the length. For an Italian VAT number it includes the blank after it, so that a word joins
it.
"""
