"""What a policy has beside its rules, as cards with rows: the settings of packs, word lists,
detectors, recognizers, knowledge, and the texts of files.

Every key of the schema without a card of its own is a row of its pack's card, so a new key is shown
without changes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from threegate.console.presenters.bindings import calls_of
from threegate.console.presenters.cards import compared_rows
from threegate.console.presenters.labels import name
from threegate.console.presenters.punctuation import aside, labelled, listed
from threegate.console.presenters.rule_words import MOST_WORDS, Rows, spec_rows, value_words
from threegate.i18n.catalog import texts
from threegate.policy.facade import Checked
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.schema import ConstraintRule, ListSpec, Pack, Rule

APART = ("pack", "rules", "lists", "detectors", "recognizers", "knowledge", "bindings")
"""Keys of a pack with cards of their own."""
LABELS = texts("console", "parts")
RECOGNIZER_KEYS = texts("console", "recognizer_keys")


@dataclass(frozen=True, slots=True)
class Part:
    """`what` says what kind of part it is where the title does not, `files` where it is written;
    `words` are those of a list, compared as a set, `order` the rules of a pack by title."""

    what: str
    id: str
    title: str
    rows: Rows
    files: tuple[str, ...]
    words: tuple[str, ...] = field(default=(), repr=False)
    used: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


def packs_of(checked: Checked) -> dict[str, Pack]:
    return {pack.pack: pack for bundle in checked.bundles for pack in bundle.packs}


def pack_titles(old: Checked, new: Checked, language: str) -> dict[str, str]:
    """The same for both sides, so that a pack's new title is no change elsewhere."""
    return {n: p.title.get(language) for n, p in (packs_of(old) | packs_of(new)).items()}


def parts_of(
    checked: Checked, titles: Mapping[str, str], language: str, *, confidential: bool
) -> dict[str, Part]:
    """Every part by a key of its own; the words of files only if the reader may see them."""
    packs = packs_of(checked)
    bundle = Bundle((), tuple(packs.values()), checked.files)
    found: list[tuple[str, Part]] = []
    for pack in packs.values():
        of = _Parts(bundle, pack, titles, language, confidential)
        found += [(f"{pack.pack}/{part.what}/{part.id}", part) for part in of.every()]
    found += [(part.id, part) for part in _texts(bundle, language)]
    return dict(found)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of one pack. `bundle`: all packs and files."""

    bundle: Bundle
    pack: Pack
    titles: Mapping[str, str]
    language: str
    confidential: bool

    def every(self) -> Iterator[Part]:
        pack, language = self.pack, self.language
        order = tuple(rule.title.get(language) for rule in pack.rules)
        title, rows = pack.title.get(language), self._settings()
        yield Part("pack", pack.pack, title, rows, (self.file,), order=order)
        for id, words in pack.lists.items():
            yield self._list(id, words)
        for id, spec in pack.detectors.items():
            kind = f"{'pattern' if spec.regex else 'category'}.{id}"
            unread = () if spec.regex else ("level", "edges")
            yield self._kind("detector", kind, spec_rows(spec, language, unread))
        for data in pack.recognizers:
            rows = {key: _recognized(key, data[key], language) for key in data}
            yield self._kind("recognizer", kind_of(entity(data)), rows)
        for id, base in pack.knowledge.items():
            yield Part("knowledge", id, id, spec_rows(base, language), (self.file,))

    @property
    def file(self) -> str:
        return pack_path(self.pack.pack)

    def _settings(self) -> Rows:
        """Other packs by their titles."""
        pack, titles, language = self.pack, self.titles, self.language
        rows = spec_rows(pack, language, APART)
        if pack.extends:
            under = listed((titles.get(id, id) for id in pack.extends), language)
            rows["extends"] = (rows["extends"][0], under)
        if pack.bindings:
            bound = ((b.selector, [titles.get(n, n) for n in b.packs]) for b in pack.bindings)
            lines = (f"{calls_of(w).get(language)} → {listed(t, language)}" for w, t in bound)
            numbered = (f"{n}. {line}" for n, line in enumerate(lines, 1))
            rows["bindings"] = (LABELS["bindings"].get(language), "\n".join(numbered))
        return rows

    def _list(self, id: str, spec: ListSpec) -> Part:
        rows = spec_rows(spec, self.language, ("words", "match"))
        rows["match"] = (LABELS["match"].get(self.language), value_words(spec.match, self.language))
        words = self.bundle.words(spec.file) if spec.file else spec.words
        if spec.file and not self.confidential:
            rows["count"] = (LABELS["count"].get(self.language), str(len(words)))
            words = ()
        part = self._kind("list", f"list.{id}", rows)
        return replace(part, words=words, files=(self.file, *([spec.file] if spec.file else [])))

    def _kind(self, what: str, kind: str, rows: Rows) -> Part:
        title = kind_title(kind).get(self.language)
        return Part(what, kind, title, rows, (self.file,), used=self._users(kind))

    def _users(self, kind: str) -> tuple[str, ...]:
        rules = (r for pack in self.bundle.packs for r in pack.rules if isinstance(r, Rule))
        looked_for = ((r, (*r.detect.any, *r.detect.all, *r.detect.none)) for r in rules)
        return tuple(r.title.get(self.language) for r, kinds in looked_for if kind in kinds)


def _recognized(key: str, value: Any, language: str) -> tuple[str, str]:
    """A key of Presidio's format, and its value."""
    label = RECOGNIZER_KEYS[key].get(language) if key in RECOGNIZER_KEYS else key
    if key == "patterns" and isinstance(value, list | tuple):
        shown = (aside(str(p.get("regex")), str(p.get("score")), language) for p in value)
        return label, listed(shown, language)
    return label, _plain(value, language)


def _plain(value: Any, language: str) -> str:
    match value:
        case Mapping():
            inner = (labelled(str(k), _plain(v, language), language) for k, v in value.items())
            return listed(inner, language)
        case list() | tuple():
            return listed((_plain(each, language) for each in value), language)
    return value_words(value, language)


def _texts(bundle: Bundle, language: str) -> Iterator[Part]:
    """Replies, documents and schemas. Words and constitutions are shown with what uses them."""
    packs = {pack_path(pack.pack) for pack in bundle.packs}
    lists = {spec.file for pack in bundle.packs for spec in pack.lists.values()}
    for path in bundle.files:
        if path in packs | lists | constitutions(bundle.packs) or path.startswith("packs/"):
            continue
        what, title = _named(path, language)
        text = (LABELS["text"].get(language), bundle.text(path).strip())
        yield Part(what, path, title, {"text": text}, (path,))


def constitutions(packs: Iterable[Pack]) -> set[str]:
    rules = [r for pack in packs for r in pack.rules if isinstance(r, ConstraintRule)]
    return {r.then.constitution.file for r in rules if r.then.constitution}


def _named(path: str, language: str) -> tuple[str, str]:
    folder, _, file = path.partition("/")
    stem, _, of = file.removesuffix(".md").rpartition(".")
    if folder == "answers" and of in ("zh", "en"):
        return "answer", aside(stem, name("language", of, language), language)
    return ("document" if folder == "knowledge" else "file"), file or path


def _more_rows(old: Part | None, new: Part | None, language: str) -> Iterator[dict[str, Any]]:
    """The words that a list lost and gained, and another order of rules."""
    words = [part.words if part else () for part in (old, new)]
    if lost := _some(_beyond(*words), language):
        yield _changed_row("words_removed", lost, "", language)
    if gained := _some(_beyond(*reversed(words)), language):
        yield _changed_row("words_added", "", gained, language)
    orders = [part.order if part else () for part in (old, new)]
    kept = [[title for title in order if all(title in o for o in orders)] for order in orders]
    if kept[0] != kept[1]:
        first, then = (listed(order, language) for order in kept)
        yield _changed_row("rule_order", first, then, language)


def _beyond(some: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    known = set(others)
    return [word for word in some if word not in known]


def _changed_row(key: str, before: str, after: str, language: str) -> dict[str, Any]:
    label = LABELS[key].get(language)
    return {"label": label, "before": before, "after": after, "changed": True}


MOST_SHOWN = 10 * MOST_WORDS


def _some(words: list[str], language: str) -> str:
    more = f" … ({len(words)})" if len(words) > MOST_SHOWN else ""
    return listed(words[:MOST_SHOWN], language) + more


def part_cards(
    old: Checked, new: Checked, language: str, confidential: bool
) -> list[dict[str, Any]]:
    """Everything else that differs: settings of packs, word lists, detectors, texts."""
    titles = pack_titles(old, new, language)
    before, after = (parts_of(c, titles, language, confidential=confidential) for c in (old, new))
    made = (_part_card(before.get(key), after.get(key), language) for key in {**after, **before})
    return [card for card in made if card["fate"] != "changed" or _differs(card)]


def _differs(card: dict[str, Any]) -> bool:
    return any(row["changed"] for row in card["rows"])


def _part_card(old: Part | None, new: Part | None, language: str) -> dict[str, Any]:
    some = new or old
    assert some is not None
    sides = (part.rows if part else {} for part in (old, new))
    card = compared_rows(old is None, new is None, *sides)
    card["rows"] += _more_rows(old, new, language)
    head = {
        "what": LABELS[some.what].get(language) if some.what in LABELS else "",
        "used": list(some.used),
    }
    return head | {"id": some.id, "title": some.title, "files": list(some.files)} | card
