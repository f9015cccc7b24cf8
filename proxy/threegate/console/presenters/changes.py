"""Two policies compared for the person who approves the step: in words, rule by rule, and as text.

Nothing is left out: every part that differs has a card, and a file of which no card is about is
named as such; the text of every changed file follows, so `unchanged` is true only if no file and no
choice of packs differs.
"""

from __future__ import annotations

from typing import Any

from threegate.console.presenters import policies
from threegate.console.presenters.part_cards import pack_titles, packs_of, part_cards
from threegate.console.presenters.rule_cards import rule_cards
from threegate.console.presenters.text_diff import file_changes
from threegate.policy.compile import layered
from threegate.policy.facade import Checked
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.schema import AnyRule, Pack
from threegate.policy.strictness.diff import diff_sets


def compared(
    old: Checked, new: Checked, language: str, *, confidential: bool = True
) -> dict[str, Any]:
    """`changes` in words, `rules` and `parts` as cards, `texts` as differences of files; files that
    no card is about are in `layout` where only comments and blanks differ, else in `wordless`;
    `unfolded` if the texts say something that no card does.
    `confidential`: the reader may see the words of lists."""
    words = diff_sets(old.policies, new.policies) if old.policies and new.policies else ()
    texts = file_changes(_texts(old), _texts(new))
    packs, rules = _packs(old, new), rule_cards(old, new, language)
    parts = part_cards(old, new, language, confidential)
    if new.policies is None:  # what could not be read is not removed
        rules, parts, texts = _kept(rules), _kept(parts), _kept(texts)
        packs["off"] = [name for name in packs["off"] if pack_path(name) not in new.files]
    about = {path for card in (*rules, *parts) for path in card["files"]}
    apart = [t["path"] for t in texts if t["path"] not in about]
    wordless = [path for path in apart if not _same_content(path, old, new)]
    return {
        "changes": [policies.change_row(c, language) for c in words],
        "rules": rules,
        "parts": parts,
        "texts": texts,
        "layout": [path for path in apart if path not in wordless],
        "wordless": wordless,
        "unfolded": bool(wordless) or not (rules or parts),
        "packs": {**packs, "titles": pack_titles(old, new, language)},
        "unchanged": not texts and not any(packs.values()),
    }


def _kept(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [card for card in cards if card["fate"] != "removed"]


def _texts(checked: Checked) -> dict[str, str]:
    return {path: text.decode("utf-8", "replace") for path, text in checked.files.items()}


def _same_content(path: str, old: Checked, new: Checked) -> bool:
    """Whether a file that differs differs in comments, blanks and line breaks alone."""
    before, after = (_content(path, checked) for checked in (old, new))
    return before is not None and before == after


def _content(path: str, checked: Checked) -> Pack | tuple[str, ...] | str | None:
    if path not in checked.files:
        return None
    packs, bundle = packs_of(checked), Bundle((), (), checked.files)
    if path.startswith("packs/"):
        return next((pack for name, pack in packs.items() if pack_path(name) == path), None)
    listed = path in {spec.file for pack in packs.values() for spec in pack.lists.values()}
    return bundle.words(path) if listed else bundle.text(path).strip()


def _packs(old: Checked, new: Checked) -> dict[str, list[str]]:
    """Packs that are enabled and disabled, and the new order of those that stay."""
    before, after = packs_of(old), packs_of(new)
    first, then = (
        [p for p in _order(checked) if p in before and p in after] for checked in (old, new)
    )
    return {
        "on": [p for p in after if p not in before],
        "off": [p for p in before if p not in after],
        "order": then if first != then else [],
    }


def _order(checked: Checked) -> tuple[str, ...]:
    """Of the packs that calls get together, in which later ones take precedence."""
    return max((bundle.names for bundle in checked.bundles), key=len, default=())


def rules_of(checked: Checked) -> dict[str, AnyRule]:
    return {rule.id: rule for bundle in checked.bundles for rule, _ in layered(bundle)}
