"""`threegate explain ID`: why a request went as it did, from its audit record.

`ID` is a request id or a decision id, as the client got it. Per layer: which rule found what,
where, how certain it was and what it did; claims with their verdict and the place of the evidence;
the policy by digest. Titles of rules come from the current policies, and only if those are the ones
that decided.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from threegate import settings as settings_module
from threegate.audit.log.query import event_of
from threegate.console.presenters import labels
from threegate.console.presenters.labels import LAYERS
from threegate.errors import PolicyError
from threegate.i18n.catalog import texts
from threegate.policy.facade import rebuild
from threegate.policy.lifecycle.store import DirTree
from threegate.policy.model import CompiledPolicy
from threegate.settings import Settings
from threegate.types import Bilingual

Event = Mapping[str, Any]
Titles = Mapping[str, Bilingual]

WORDS = texts("explain", "words")


def explain_command(args: argparse.Namespace) -> int:
    settings = settings_module.load(file=args.config)
    event = event_of(database_url(args.database, settings), args.id)
    if event is None:
        print(f"{_word('none', args.lang)}{args.id}")
        return 1
    if args.json:
        print(json.dumps(event, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(event, titles_for(event, settings), args.lang)))
    return 0


def database_url(given: str | None, settings: Settings) -> str:
    """`--database`, a URL or a file, else what the settings say."""
    if not given:
        return settings.audit_database
    return given if ":" in given else f"sqlite:///{given}"


def titles_for(event: Event, settings: Settings) -> Titles | None:
    """Titles by rule id, if the current policies are those that decided."""
    decided = event.get("policy", {}).get("digest")
    with suppress(PolicyError, OSError):
        policies = _policies(settings)
        if any(decided in (p.version_digest, p.digest) for p in policies):
            return _titles(policies)
    return None


def titles_of(settings: Settings) -> Titles:
    """Titles by rule id of the current policies; none if they cannot be read."""
    with suppress(PolicyError, OSError):
        return _titles(_policies(settings))
    return {}


def _policies(settings: Settings) -> list[CompiledPolicy]:
    built = rebuild(DirTree(settings.policies), settings.packs).policies
    return [binding.policy for binding in built.bindings]


def _titles(policies: Iterable[CompiledPolicy]) -> Titles:
    found = {rule.id: rule.title for policy in policies for rule in policy.rules}
    return found | {rule.id: rule.title for p in policies for rule in p.constraints}


def lines(event: Event, titles: Titles | None, language: str) -> Iterator[str]:
    """The explanation as text: kinds, places and rule ids, never what was matched."""
    yield from _head(event, language)
    if titles is None:
        yield f"  ({_word('other', language)})"
    decision_id = ""
    for decision in event.get("decisions", ()):
        decision_id = decision.get("id", decision_id)  # omitted if equal to the previous one
        yield ""
        yield from _layer({**decision, "id": decision_id}, titles or {}, language)


def _head(event: Event, language: str) -> Iterator[str]:
    caller, model, policy = (event.get(k, {}) for k in ("caller", "model", "policy"))
    stage, action = event["stage"], event.get("action", "allow")
    outcome = [labels.name("stage", stage, language), labels.name("action", action, language)]
    rows = {
        "request": event["request"],
        "time": event["ts"],
        "outcome": " · ".join(outcome),
        "caller": f"{caller.get('tenant', '')} / {caller.get('key', '')}",
        "model": f"{model.get('requested', '')} → {model.get('served', '')}",
        "policy": f"{policy.get('revision', '')} {policy.get('digest', '')}",
    }
    for name, value in rows.items():
        yield f"{_word(name, language)}: {value}"


def _layer(decision: Event, titles: Titles, language: str) -> Iterator[str]:
    took = decision.get("ms", {}).get("total", 0)
    action = labels.name("action", decision["action"], language)
    yield f"{LAYERS[decision['layer']].get(language)}: {action}, {took} ms, {decision['id']}"
    if not decision["ruled"]:
        yield f"  {_word('nothing', language)}"
    for ruled in decision["ruled"]:
        yield f"  {_ruling(ruled, titles, language)}"


def _ruling(ruled: Event, titles: Titles, language: str) -> str:
    rule = ruled["rule"]
    name = f"{rule} {titles[rule].get(language)}" if rule in titles else rule
    action = labels.name("action", ruled["action"], language)
    parts = [f"{action}{_shadow(ruled, language)}", name]
    if "failed" in ruled:
        why = labels.name("failed", ruled["failed"], language)
        parts.append(f"{_word('failed', language)}: {ruled['detector']} {why}")
    else:
        parts += _found(ruled, language)
    if opinion := ruled.get("opinion"):
        parts.append(_opinion(opinion, language))
    if exception := ruled.get("exception"):
        parts.append(f"{_word('exception', language)} {exception}")
    return " · ".join(parts)


def _opinion(opinion: Event, language: str) -> str:
    """`second opinion judge.qwen: confirmed, high 0.97, 103.2 ms`"""
    parts = [labels.name("opinion", opinion["outcome"], language)]
    if "level" in opinion:
        parts.append(labels.name("level", opinion["level"], language))
    if "score" in opinion:
        parts[-1] += f" {opinion['score']}"
    if first := opinion.get("replaced"):
        kind = labels.name("kind", first["kind"], language)
        parts.append(f"{_word('replaced', language)} {kind} {first['score']}")
    parts.append(_word("cached", language) if opinion.get("cached") else f"{opinion['ms']} ms")
    return f"{_word('opinion', language)} {opinion['asked']}: {', '.join(parts)}"


def _found(ruled: Event, language: str) -> Iterator[str]:
    kind, level = ruled["kind"], labels.name("level", ruled["level"], language)
    yield f"{kind} {labels.name('kind', kind, language)}"
    yield f"{_word('level', language)} {level} {ruled['score']}"
    yield f"{_place(ruled['at'], language)} [{ruled['span'][0]}-{ruled['span'][1]}]"
    if note := ruled.get("note"):
        word = "evidence" if kind.startswith("claim.") else "noted"
        yield f"{_word(word, language)} {note}"


def _place(at: Event, language: str) -> str:
    """`messages/0 user`, `choices/1 reasoning`: the field of the call, then what it is."""
    where = f"messages/{at['message']} " if "message" in at else ""
    choice = f"choices/{at['choice']} " if "choice" in at else ""
    channel = labels.name("channel", at["channel"], language)
    return f"{where}{choice}{channel}{at.get('part', '')}"


def _shadow(ruled: Event, language: str) -> str:
    return _word("shadow", language) if ruled.get("shadow") else ""


def _word(name: str, language: str) -> str:
    return WORDS[name].get(language)
