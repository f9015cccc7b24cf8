"""A text whose bytes can be read in several encodings: one reading goes on, without the values that
any of them shows."""

from __future__ import annotations

from threegate.guard.byte_readings import MOST, damage, edited_reading
from threegate.guard.masking.mask import MaskMap
from threegate.guard.redact import NOT_CHECKED, Renderer
from threegate.types import Action, Channel, Finding, Layer, Level, Ruling, Span, TextLocation

from tests.guard.build import rule

RULE = rule("key", Action.REDACT, "secret")
RENDER = Renderer({"key": RULE}, MaskMap(b"k" * 32), "en")
GONE = "[SECRET_REMOVED]"


def ruled(text: str, *values: str) -> list[Ruling]:
    locus = TextLocation(Layer.INPUT, Channel.USER)
    spans = [Span(text.index(v), text.index(v) + len(v)) for v in values]
    found = [Finding("d", "secret", span, 1.0, Level.HIGH, locus) for span in spans]
    return [Ruling("key", Action.REDACT, finding) for finding in found]


def edit(*readings: tuple[str, tuple[str, ...]]) -> str | None:
    made = {text: ruled(text, *values) for text, values in readings}
    return edited_reading(made, RENDER, is_json=False)


def test_one_reading_is_edited() -> None:
    assert edit(("a KEY b", ("KEY",))) == f"a {GONE} b"
    assert edit(("a b", ())) is None


def test_the_reading_with_the_least_damage_goes_on() -> None:
    assert edit(("\ufffd\ufffd KEY", ("KEY",)), ("手机 KEY", ("KEY",))) == f"手机 {GONE}"
    assert damage("\ufffd\0x") == 2


def test_a_value_that_only_another_reading_shows_is_removed_too() -> None:
    good, bad = "good KEY and hunter2 hunter2", "b\ufffd KEY and hunter2"
    assert edit((good, ("KEY",)), (bad, ("KEY", "hunter2"))) == f"good {GONE} and {GONE} {GONE}"
    assert edit((good, ()), (bad, ("hunter2",))) == f"good KEY and {GONE} {GONE}"


def test_a_reading_with_a_value_that_no_other_has_goes_on() -> None:
    assert edit(("harmless", ()), ("\ufffd KEY", ("KEY",))) == f"\ufffd {GONE}"


def test_a_letter_that_another_encoding_eats_is_no_value() -> None:
    values = [f"key{n}@corp" for n in range(MOST + 9)]
    good, eaten = " ".join(values), "\ufffd".join(v[1:] for v in values)
    made = edit((good, tuple(values)), (eaten, tuple(v[1:] for v in values)))
    assert made == " ".join([GONE] * len(values))


def test_with_too_many_such_values_nothing_goes_on() -> None:
    values = tuple(f"value{n:03}" for n in range(MOST + 1))
    assert edit(("good", ()), ("\ufffd" + " ".join(values), values)) == NOT_CHECKED.en
