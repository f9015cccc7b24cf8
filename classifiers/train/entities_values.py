"""Made-up values for the generated entity rows: names, addresses, organisations, dates, numbers, accounts.

Names come from Faker in many countries and from our lists in `entities.yaml` (rare surnames, minority,
transliterated and romanised names, nicknames, titles); `like` gives another name of the same form as the one it replaces.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import yaml
from faker import Faker

WEST = ("en_US", "en_GB", "en_IN", "en_NG", "es_MX", "de_DE", "fr_FR", "pl_PL", "it_IT", "nl_NL", "sv_SE",
        "vi_VN", "tr_TR", "id_ID", "pt_BR", "yo_NG", "zu_ZA", "ga_IE", "fi_FI", "ro_RO")  # fmt: skip
ENGLISH = 3
"""How many of them have English towns and companies."""

TITLED = re.compile(
    r"(.{1,2})(先生|女士|小姐|老师|老師|总|總|主任|医生|醫生|师傅|師傅|经理|科长|处长|哥|姐|叔|姨|婶|嫂|太|伯|爷爷|奶奶|阿姨|大爷|工|律师|校长|同学|同學|局长)"
)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
DIGITS = "〇一二三四五六七八九"


class Values:
    def __init__(self, seed: int) -> None:
        text = (Path(__file__).parent / "entities.yaml").read_text(encoding="utf-8")
        self.lists: dict[str, list[str]] = yaml.safe_load(text)
        self.rng = random.Random(seed)
        Faker.seed(seed)
        self.west = [Faker(name) for name in WEST]
        self.zh, self.tw = Faker("zh_CN"), Faker("zh_TW")

    def pick(self, name: str) -> str:
        return self.rng.choice(self.lists[name])

    def of(self, name: str, zh: bool) -> str:
        return self.pick(f"{name}_{'zh' if zh else 'en'}")

    def slot(self, slot: str, language: str) -> str:
        chinese = language == "zh" and slot not in "QBE"
        makers: dict[str, Callable[[bool], str]] = {
            "P": self.person, "Q": self.person, "N": self.full_name, "A": self.address, "B": self.address, "O": self.organisation,
            "D": self.birth, "E": self.birth, "M": lambda zh: self.pick("medical_zh" if zh else "medical_en"),
            "I": self.identifier, "C": self.account, "p": self.short_name, "s": self.surname,
            "c": lambda zh: self.pick("cities_zh" if zh else "cities_en"), "b": lambda zh: self.pick("brands"),
            "n": lambda zh: str(self.rng.randrange(10, 10 ** self.rng.randrange(2, 12))),
            "t": self.time, "d": self.day, "S": lambda zh: self.of("schools", zh), "H": lambda zh: self.of("hospitals", zh),
            "f": lambda zh: self.of("figures", zh),
        }  # fmt: skip
        return makers[slot](chinese)

    # --- names --------------------------------------------------------------------------------------

    def person(self, zh: bool) -> str:
        if not zh:
            return self._western(self.rng.choice(["whole"] * 5 + ["first", "upper", "lower", "initial"]))
        forms = ["whole"] * 8 + ["titled"] * 2 + ["nick", "given", "minority", "foreign", "mixed"]
        return self._chinese(self.rng.choice(forms))

    def full_name(self, zh: bool) -> str:
        return self._chinese(self.rng.choice(["whole"] * 5 + ["minority"])) if zh else self._western("whole")

    def like(self, old: str) -> str | None:
        """Another name of the form of `old`; None where that cannot be told."""
        if not any("\u3400" <= c <= "\u9fff" for c in old):
            return self._western_like(old)
        if "·" in old or len(old) > 4:
            return self._chinese(self.rng.choice(["minority", "foreign"]))
        if found := TITLED.fullmatch(old):
            return self._family() + found[2]
        if old[0] in "小老阿大" and len(old) == 2:
            return old[0] + self.rng.choice([self._family()[0], self.pick("given_zh")])
        return self._chinese("whole") if len(old) > 2 else None

    def _western_like(self, old: str) -> str:
        if old.islower():
            return self._western("first" if " " not in old else "whole").lower()
        if old.isupper() and len(old) > 3:
            return self._western("upper")
        if " " in old:
            return self._western("initial" if re.match(r"[A-Z]\.", old) else "whole")
        return self._western(self.rng.choice(["first", "first", "last"]))

    def _western(self, form: str) -> str:
        first, last = self._pair()
        match form:
            case "first":
                return first
            case "last":
                return last
            case "initial":
                return self.rng.choice([f"{first[0]}. {last}", f"{first} {last[0]}.", f"{last}, {first}"])
            case "upper":
                return f"{first} {last}".upper()
            case "lower":
                return self.rng.choice([f"{first} {last}", first]).lower()
        if self.rng.random() < 0.12:
            return f"{first} {last}-{self.rng.choice(self.west[:5]).last_name()}"
        return f"{first} {last}"

    def _pair(self) -> tuple[str, str]:
        """First and last name as written; pinyin, Arabic or Slavic ones come from our list."""
        if self.rng.random() < 0.25:
            first, last = self.pick("romanised").split(" ", 1)
            return first, last
        fake = self.rng.choice(self.west)
        return str(fake.first_name()), str(fake.last_name())

    def _family(self) -> str:
        roll = self.rng.random()
        if roll < 0.35:
            return self.rng.choice(self.lists["surnames_rare"])
        return self.pick("surnames_double") if roll < 0.45 else str(self.zh.last_name())

    def _chinese(self, form: str) -> str:
        rng = self.rng
        match form:
            case "titled":
                return self._family() + self.pick("titles_zh")
            case "nick":
                return rng.choice("小老阿大") + rng.choice([self._family()[0], self.pick("given_zh")])
            case "given":
                return self._given()
            case "minority":
                return self.pick("minority_zh")
            case "foreign":
                return self.pick("foreign_zh")
            case "mixed":
                return f"{rng.choice(self.west[:2]).first_name()} {self._family()}"
        if rng.random() < 0.15:
            return str(self.tw.name())
        return str(self.zh.name()) if rng.random() < 0.4 else self._family() + self._given()

    def _given(self) -> str:
        if self.rng.random() < 0.25:
            return self.pick("given_words_zh")
        count = 1 if self.rng.random() < 0.25 else 2
        return "".join(self.pick("given_zh") for _ in range(count))

    def short_name(self, zh: bool) -> str:
        return str(self.zh.name())[0] if zh else str(self.rng.choice(self.west).first_name())

    def surname(self, zh: bool) -> str:
        return str(self.rng.choice(self.west).last_name())

    # --- addresses and organisations ----------------------------------------------------------------

    def address(self, zh: bool) -> str:
        rng = self.rng
        if not zh:
            return self._western_address()
        roll = rng.random()
        if roll < 0.08:
            return str(self.tw.address()).split(" ")[-1]
        if roll < 0.2:
            return self._village()
        if roll < 0.3:
            return self.pick("places_zh")
        parts = [self.pick("cities_zh") + "市" if rng.random() < 0.6 else "", self.pick("districts_zh")]
        parts += [self.pick("streets_zh") + self._number() if rng.random() < 0.75 else ""]
        parts += [self.pick("estates_zh")] if rng.random() < 0.6 or not parts[2] else []
        tail = [f"{rng.randrange(1, 30)}栋{rng.randrange(1, 5)}单元{rng.randrange(101, 3300)}",
                f"{rng.randrange(1, 30)}号楼{rng.randrange(101, 3000)}室",
                f"{rng.randrange(1, 40)}-{rng.randrange(1, 5)}-{rng.randrange(101, 3000)}",
                f"{rng.choice('ABCD')}座{rng.randrange(1, 40)}层", f"{rng.choice('ABC')}栋{rng.randrange(101, 3000)}",
                f" {rng.randrange(1, 30)}-{rng.randrange(101, 3000)}", ""]  # fmt: skip
        return ("".join(parts[rng.randrange(3) :]) + rng.choice(tail)).strip()

    def _number(self) -> str:
        rng, number = self.rng, self.rng.randrange(1, 900)
        return rng.choice([f"{number}号", f"{number}号", f"{number}号院", f"{number}弄{rng.randrange(1, 60)}号", f"{number}号附{rng.randrange(1, 20)}号"])  # fmt: skip

    def _village(self) -> str:
        rng = self.rng
        parts = [self.pick("counties_zh"), self.pick("towns_zh"), self.pick("villages_zh")]
        tail = rng.choice(["", f"{rng.randrange(1, 14)}组", f"{rng.choice('一二三四五六七八')}组{rng.randrange(1, 90)}号", f"{rng.randrange(1, 300)}号", "村东头第二家"])  # fmt: skip
        return "".join(parts[rng.randrange(3) :]) + tail

    def _western_address(self) -> str:
        rng, fake = self.rng, self.rng.choice(self.west[:ENGLISH])
        if rng.random() < 0.1:
            return self.pick("places_en")
        if rng.random() < 0.15:
            return str(fake.address()).replace("\n", ", ")
        if rng.random() < 0.08:
            return self._box()
        name = fake.last_name() if rng.random() < 0.6 else self.pick("street_names_en")
        street = f"{rng.randrange(1, 2000)} {name} {self.pick('street_kinds_en')}"
        door = rng.randrange(1, 60)
        front = rng.choice(["", "", "", f"Flat {door}, ", f"Unit {door}{rng.choice(['', 'B'])}, ", f"Apt {door}C, ", f"{name} House, "])  # fmt: skip
        unit = "" if front else rng.choice(["", "", f", Apt {door}{rng.choice('ABC')}", f", Flat {door}", f", Unit {door}", f" #{door}"])  # fmt: skip
        town = rng.choice(["", f", {fake.city()}", f", {fake.city()} {fake.postcode()}", f", {fake.city()}, {fake.postcode()}", f", {fake.city()} {self._postcode()}"])  # fmt: skip
        town = ", " + self._state() if rng.random() < 0.35 else town
        made = front + street + unit + town
        return made.lower() if rng.random() < 0.08 else made

    def _state(self) -> str:
        """A town with its state or country and postcode."""
        return self.pick("states_en").replace("#", f"{self.rng.randrange(1000):03}")

    def _box(self) -> str:
        """A box or a rural route."""
        rng = self.rng
        number = rng.randrange(1, 4000)
        head = rng.choice([f"PO Box {number}", f"P.O. Box {number}", f"RR {rng.randrange(1, 9)}, Box {number}", f"Rural Route {rng.randrange(1, 9)}",
                           f"{number} County Road {rng.randrange(1, 90)}", f"Plot {number}", f"Blk {number % 400} Street {rng.randrange(1, 60)} #{rng.randrange(1, 25):02}-{number}"])  # fmt: skip
        return f"{head}, {self._state()}" if rng.random() < 0.8 else head

    def _postcode(self) -> str:
        """British."""
        rng = self.rng
        head = rng.choice(["LS", "M", "SW", "YO", "BS", "EH", "CF", "NE", "GU", "BT"]) + str(
            rng.randrange(1, 29)
        )
        return f"{head} {rng.randrange(1, 10)}" + "".join(rng.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))

    def organisation(self, zh: bool) -> str:
        rng = self.rng
        if zh:
            name = self.pick("cities_zh") if rng.random() < 0.4 else self.pick("company_names_zh")
            made = [str(self.zh.company()), self.pick("organisations_zh"),
                    self.pick("cities_zh") + self.pick("organisations_zh"), name + self.pick("org_kinds_zh"),
                    name + self.pick("org_kinds_zh"), self.pick("departments_zh"), self._class()]  # fmt: skip
            whole = rng.choice(made)
            return whole + self.pick("departments_zh") if rng.random() < 0.15 and len(whole) < 9 else whole
        fake = rng.choice(self.west[:ENGLISH])
        named = rng.choice([str(fake.last_name()), self.pick("street_names_en"), str(fake.city())])
        return rng.choice([str(fake.company()), f"{named} {self.pick('org_kinds_en')}",
                           f"{named} {self.pick('org_kinds_en')}", f"{named} & {fake.last_name()} {self.pick('org_kinds_en')}",
                           self.pick("departments_en")])  # fmt: skip

    def _class(self) -> str:
        rng = self.rng
        return rng.choice([f"{rng.choice('一二三四五六')}({rng.randrange(1, 12)})班", f"高{rng.choice('一二三')}({rng.randrange(1, 20)})班", f"初{rng.choice('一二三')}{rng.randrange(1, 15)}班", f"{rng.choice(['计算机', '护理', '会计', '土木'])}{rng.randrange(2018, 2026)}级{rng.randrange(1, 5)}班"])  # fmt: skip

    # --- dates and numbers --------------------------------------------------------------------------

    def birth(self, zh: bool) -> str:
        y, m, d = self.rng.randrange(1935, 2023), self.rng.randrange(1, 13), self.rng.randrange(1, 29)
        month = MONTHS[m - 1]
        if zh:
            spelled = "".join(DIGITS[int(c)] for c in str(y))
            return self.rng.choice([f"{y}年{m}月{d}日", f"{y}年{m}月{d}日", f"{y}-{m:02}-{d:02}", f"{y}年{m}月", f"{y}.{m}.{d}", f"{y}/{m}/{d}",
                                    f"{spelled}年{_han(m)}月{_han(d)}", f"{y % 100:02}年{m}月{d}号", f"{y}年农历{_han(m)}月", f"{m}月{d}号", f"{y}年",
                                    f"民國{y - 1911}年{m}月{d}日" if y > 1920 else f"{y}年"])  # fmt: skip
        return self.rng.choice([f"{y}-{m:02}-{d:02}", f"{m:02}/{d:02}/{y}", f"{d} {month} {y}", f"{month} {d}, {y}", f"{d}/{m}/{y % 100:02}",
                                f"{d}{_nth(d)} {month} {y}", f"{d}{_nth(d)} of {month} {y}", f"{d} {month[:3]} {y}", f"{month} {y}", f"{d:02}.{m:02}.{y}",
                                f"{d} {month[:3].lower()} {y % 100:02}", f"{d:02}-{month[:3].upper()}-{y}", str(y)])  # fmt: skip

    def day(self, zh: bool) -> str:
        m, d = self.rng.randrange(1, 13), self.rng.randrange(1, 29)
        if zh:
            return self.rng.choice([f"{m}月{d}日", f"2026年{m}月{d}日", "下周三", f"{m}.{d}", "月底"])
        return self.rng.choice(
            [f"2026-{m:02}-{d:02}", f"{d}/{m}", "next Friday", "Monday", f"{d} {MONTHS[m - 1]}"]
        )

    def time(self, zh: bool) -> str:
        zh_times, en_times = (
            ["下午三点", "早上九点半", "今晚八点", "14:30"],
            ["3 pm", "09:30", "noon", "quarter past six"],
        )
        return self.rng.choice(zh_times if zh else en_times)

    def identifier(self, zh: bool) -> str:
        rng = self.rng
        head = "".join(rng.choices("ABCDEFGHKMNPRSTXYZ", k=rng.randrange(1, 4)))
        tail = rng.randrange(1000, 10**8)
        if zh and rng.random() < 0.12:
            return f"（{rng.randrange(2015, 2027)}）{rng.choice('京沪浙苏川鲁粤')}{rng.randrange(100, 9999):04}民初{rng.randrange(10, 9999)}号"
        return rng.choice([f"{head}{tail}", f"{head}-{tail}", f"{head}-{rng.randrange(15, 27)}-{tail}", f"{head}/{rng.randrange(15, 27)}/{tail % 9999}", str(tail), f"20{rng.randrange(15, 27)}{tail % 10**5:05}"])  # fmt: skip

    def account(self, zh: bool) -> str:
        name = str(self.west[0].user_name())
        if zh and self.rng.random() < 0.45:
            return self.pick("nicknames_zh") + self.rng.choice(
                ["", "", "_", str(self.rng.randrange(100)), "08"]
            )
        return self.rng.choice([name, name + str(self.rng.randrange(99)), name.replace(".", "_") + "_x", name[:5] + "-" + name[-3:], "@" + name, name[:4] + "." + name[-4:], self.pick("handles_en") + str(self.rng.randrange(100))])  # fmt: skip


def _han(number: int) -> str:
    """1 to 31 in Chinese numerals."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else DIGITS[tens] + "十") + (DIGITS[ones] if ones else "")


def _nth(day: int) -> str:
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
