"""Passports and driving licences of any country, bank account numbers: they have no common form or
check digit, so they are found only in the clause of their label, with no other number between."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, LABEL_REACH, Hit, likely
from threegate.types import Level

PASSPORT, LICENCE, ACCOUNT = "pii.passport", "pii.driving_licence", "pii.bank_account"
_GAP = rf"(?:[^0-9\n。；;!?！？]{{0,24}}?(?:[ (（][0-9]{{3}}[)） ]{{1,2}})?|{ANSWER})"
"""With a bank code."""
_PASSPORT_LABEL = (
    r"护照|護照|旅券|passports?(?:number|num|no|id)?(?![a-z])(?:\s{1,3}(?:number|no\b))?|passeport|reisepass|pasaporte"
    r"|passaporto|paspoort|paszport|여권|паспорт"
)
_LICENCE_LABEL = (
    r"驾照|駕照|驾驶证|駕駛證|驾驶执照|驾驶本|driv(?:er|ers|er's|er’s|ing)[ _\-]?licen[cs]es?"
    r"|licen[cs]e (?:no|number)|dvla|(?<![a-z])dl(?: (?:no|number)| ?[#:])|führerschein(?:nummer)?"
    r"|patente di guida|permis de conduire"
)
_ACCOUNT_LABEL = (
    r"(?:银行|銀行|对公|开户|開戶|收款|付款|结算|汇款|匯款|转账|轉帳|还款|工资)(?:账号|帳號|账户|帳戶|户号|户口|戶口)"
    r"|(?:bank|checking|savings|beneficiary|payee)[ _\-]?(?:account|acct)(?:no|num)?(?![a-z])"
    r"|开户(?:行|银行)(?:及|与|、|/)(?:账号|账户)|[户戶]口(?:号码|號碼)|口座番号|계좌번호"
    r"|(?<![a-z])(?:account|acct)(?:[ _\-]?(?:no|number|num|nr)(?![a-z])| ?#)"
    r"|(?<![0-9a-z])a/c(?![a-z])"
    r"|\bbank\b[^\n。；;0-9]{0,24}?(?<![a-z])(?:account|acct)(?![a-z])"
    r"|(?:routing|sort code|swift|bsb|ifsc)[^\n。；;]{0,28}?(?<![a-z])acc(?:oun)?t?(?![a-z])"
    r"|kontonummer|konto-?nr|num[ée]ro de compte|n[úu]mero de (?:cuenta|conta)|rekeningnummer"
)
_ANY_ACCOUNT_LABEL = r"(?:账号|帳號|账户|帳戶|户口|戶口)(?:号码|號碼|编号)?"
"""Also used by games and shops, so only right before as many digits as a bank account has."""
_LEFT = "(?<![0-9A-Za-z])"
_RIGHT = r"(?![0-9A-Za-z])(?!\.[0-9])(?!-[0-9A-Za-z])"
_PASSPORT = re.compile(
    rf"(?i)(?:{_PASSPORT_LABEL}){_GAP}{_LEFT}(?P<value>[0-9]{{9}}|[0-9]{{2}}[A-Z]{{2}}[0-9]{{5}}"
    rf"|[A-Z]{{1,3}}[0-9]{{6,8}}[A-Z]?|[A-Z][0-9]{{3}}[A-Z][0-9]{{4}}"
    rf"|[CFGHJKLMNPRTVWXYZ](?=[0-9A-Z]*[0-9])[0-9CFGHJKLMNPRTVWXYZ]{{7}}[0-9]){_RIGHT}"
)
_LICENCE = re.compile(
    rf"(?i)(?:{_LICENCE_LABEL}){_GAP}{_LEFT}(?P<value>[A-Z9]{{5}}[0-9]{{6}}[A-Z9]{{2}}[0-9A-Z]{{3}}"
    rf"|[A-Z]{{1,2}}[0-9]{{5,13}}[A-Z]?|[0-9]{{7,12}}|[A-Z][0-9]{{3}}-[0-9]{{4}}-[0-9]{{4}}(?:-[0-9])?"
    rf"|[A-Z][0-9]{{3}}-[0-9]{{3}}-[0-9]{{2}}-[0-9]{{3}}-[0-9]"
    rf"|[0-9]{{2}}-[0-9]{{2}}-[0-9]{{6}}-[0-9]{{2}}|[A-Z][0-9A-Z]{{2}}[0-9]{{6,8}}[0-9A-Z]?)"
    rf"{_RIGHT}"
)
_ACCOUNT = re.compile(
    rf"(?i)(?:{_ACCOUNT_LABEL}){_GAP}{_LEFT}(?P<value>[0-9]{{8,21}}"
    rf"|[0-9]{{5}} [0-9]{{4}} [0-9]{{5}}|[0-9]{{4}}(?:[ -][0-9]{{4}}){{1,4}}"
    rf"(?:[ -][0-9]{{1,3}})?|[0-9]{{3}}-[0-9]{{5,6}}-[0-9]{{3}}"
    rf"|[0-9]{{3,6}}(?:-[0-9]{{1,6}}){{1,2}}-[0-9]{{5,8}}){_RIGHT}"
)
_ANY_ACCOUNT = re.compile(
    rf"(?:{_ANY_ACCOUNT_LABEL})[\s:：=是为為\"'(（*]{{0,6}}{_LEFT}(?P<value>[0-9]{{12,21}}"
    rf"|[0-9]{{4}}(?:[ -][0-9]{{4}}){{2,4}}(?:[ -][0-9]{{1,3}})?"
    rf"|[0-9]{{3}}-[0-9]{{5,6}}-[0-9]{{3}}){_RIGHT}"
)
_FORMS = tuple(
    (kind, loosened(pattern.pattern), pattern)
    for kind, pattern in (
        *((PASSPORT, _PASSPORT), (LICENCE, _LICENCE)),
        *((ACCOUNT, _ACCOUNT), (ACCOUNT, _ANY_ACCOUNT)),
    )
)


def find(view: ScanText) -> Iterator[Hit]:
    for kind, loose, pattern in _FORMS:
        for match in likely(view, loose, pattern):
            if match.start("value") - match.start() <= LABEL_REACH:
                level = Level.MEDIUM if kind == ACCOUNT else Level.HIGH  # a card is more specific
                yield Hit(*match.span("value"), kind, level)


RECOGNIZER = described(
    "papers",
    (PASSPORT, LICENCE, ACCOUNT),
    find,
    (open_match.token, open_match.number),
    trigger=(
        rf"(?i){_PASSPORT_LABEL.replace('(?![a-z])', '')}|驾照|駕照|驾驶|駕駛|licen[cs]e|dvla"
        r"|dl(?: n| ?[#:])|führerschein|patente|permis|账号|帳號|账户|帳戶|户号|[户戶]口"
        r"|account|acct|sort code|bsb|ifsc|routing|swift|a/c|口座|계좌|konto|compte|cuenta|conta"
        r"|rekening"
    ),
)
