"""Shows what a draft does before anybody is affected: one text, and all tests. It uses the real
detectors and machines; tried texts are not stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from threegate.console.errors import refusal
from threegate.console.presenters.highlights import Highlight, pieces
from threegate.console.presenters.labels import family
from threegate.console.presenters.records import policies_of, shown_score
from threegate.console.presenters.test_results import kept_report
from threegate.console.views.drafts import draft_page, draft_policies
from threegate.console.views.policies import tenants
from threegate.console.web import Answer, ConsoleRequest, LongTask, Shown, Step, blocking
from threegate.gateway.answer.guarded_text import BEGINNING_CHARS
from threegate.gateway.outcome import outcome_of
from threegate.gateway.request.request_context import counted_by, language_of_text, sources_of
from threegate.guard.masking.mask import MaskMap
from threegate.guard.notes_below import notes_below
from threegate.guard.redact import Renderer, edited
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.model import Claims, CompiledPolicy, PolicySet, Rule
from threegate.policy.strictness.diff import in_use
from threegate.policy.testing.cases import Case, ConstraintCase, TestReport, joined, planned
from threegate.policy_ops.test_runner import Runner
from threegate.types import (
    Action,
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Passage,
    Ruling,
    Source,
    TextLocation,
)

MAX_TEXT, MAX_LINES = 20_000, 50
AT_ONCE = 4
"""Tests run between two progress steps."""
ANSWERS = (Channel.CONTENT, Channel.REASONING)
TRIED = (Channel.USER, Channel.SYSTEM, Channel.TOOL_RESULT, Channel.CONTENT, Channel.REASONING)


async def try_page(visit: ConsoleRequest) -> Answer:
    blank = await _blank(visit, visit.serving)
    return Shown("policy/try.html", {**blank, "trace": None, "traces": []})


async def _blank(visit: ConsoleRequest, policies: PolicySet) -> dict[str, Any]:
    """The form as sent, or empty. `policy` must be chosen if there are several."""
    names = ("text", "question", "source", "tenant", "each")
    given = {n: visit.form.get(n, "") for n in names}
    channel = visit.form.get("channel") or visit.query.get("channel", Channel.USER.value)
    known = [p.name for p in policies_of(policies)]
    chosen = visit.form.get("policy") or in_use(policies)[-1].policy.name
    places = {"channel": channel, "channels": [c.value for c in TRIED]}
    asked = {"policy": chosen, "policies": known, "tenants": await tenants(visit)}
    return {**given, **places, **asked}


async def try_it(visit: ConsoleRequest) -> Answer:
    """Runs one text, or each of its lines, through every rule for its place."""
    policies, _, space = await draft_policies(visit)
    text, form = visit.form.get("text", ""), await _blank(visit, policies)
    if not text or len(text) > MAX_TEXT or form["channel"] not in form["channels"]:
        raise refusal("try-text")
    policy = next((p for p in policies_of(policies) if p.name == form["policy"]), None)
    if policy is None:
        raise refusal("no-policy")
    texts = [line for line in text.splitlines() if line.strip()] if form["each"] else [text]
    if not texts or len(texts) > MAX_LINES:
        raise refusal("try-lines", most=MAX_LINES)
    draft = {"draft": bool(space.files)}
    traces = [await _traced(visit, policy, each, form) | draft for each in texts]
    one, many = (None, traces) if form["each"] else (traces[0], [])
    return Shown("policy/try.html", {**form, "trace": one, "traces": many})


async def _traced(
    visit: ConsoleRequest, policy: CompiledPolicy, text: str, form: dict[str, Any]
) -> dict[str, Any]:
    """The policy for the language that a call with this text would have, and for the named
    tenant."""
    call_language = language_of_text(form["question"] or text)
    caller = Caller(tenant=form["tenant"] or "default", language=call_language)
    passage = _passage(text, Channel(form["channel"]), form, policy)
    runner = Runner(policy, visit.parts.detector_set_for(policy), today=today_utc())
    ruled = await runner.ruled(passage, caller)
    return _trace(policy, passage, call_language, ruled, visit.language)


def _passage(text: str, channel: Channel, form: dict[str, Any], policy: CompiledPolicy) -> Passage:
    """With the sources that a call would have: the typed ones, which count as text of the call, and
    the policy's knowledge."""
    layer = Layer.OUTPUT if channel in ANSWERS else Layer.INPUT
    place, question = TextLocation(layer, channel), form["question"]
    typed = Source("context:0", form["source"], frozenset(Claims().sources) - {"knowledge"})
    given = (typed,) if typed.text else ()
    if layer is Layer.INPUT:
        return Passage(place, text, question=question, sources=given)
    checks = [rule.claims for rule in policy.rules if rule.claims is not None]
    sources = (*given, *sources_of((), policy.knowledge, checks))
    return Passage(place, text, question=question, sources=sources, counted=counted_by(checks))


def _trace(
    policy: CompiledPolicy,
    passage: Passage,
    call_language: str,
    ruled: Sequence[Ruling],
    language: str,
) -> dict[str, Any]:
    """`call_language` is the language that a call with this text would have; `reply` what its user
    reads in place of an answer."""
    text = passage.text
    acting = [r for r in ruled if not r.shadow]
    first = max(acting, key=lambda r: r.action, default=None)
    action = first.action if first else Action.ALLOW
    rules = {r.id: r for r in policy.rules}
    render = Renderer(rules, MaskMap(b"try"), call_language)
    result = "" if action >= Action.ANSWER else edited(text, ruled, render)
    rows = [_row(r, rules[r.rule_id].title.get(language)) for r in ruled]
    return {
        "action": action.name.lower(),
        "pieces": pieces(text, [mark_of(r) for r in ruled if _is_hit(r)]),
        "ruled": rows,
        "alike": _alike(rows),
        "result": result,
        "edited": action < Action.ANSWER and result != text,
        "below": _below(passage, ruled, rules) if action < Action.ANSWER else [],
        "reply": _reply(first, policy, call_language) if first and action >= Action.ANSWER else "",
    }


def _reply(stops: Ruling, policy: CompiledPolicy, call_language: str) -> str:
    outcome = outcome_of(stops, policy, "", call_language)
    return outcome.answer or outcome.message.get(call_language)


def _below(passage: Passage, ruled: Sequence[Ruling], rules: Mapping[str, Rule]) -> list[str]:
    """The notes beneath an answer, in the language in which it begins; there are none beneath
    reasoning."""
    if passage.locus.channel is not Channel.CONTENT:
        return []
    written = language_of_text(passage.text[:BEGINNING_CHARS])
    return [note.get(written) for note in notes_below(ruled, rules).values()]


def _alike(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for all findings that differ only in position, with their number."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = str({name: value for name, value in row.items() if name != "span"})
        found.setdefault(key, row | {"times": 0})["times"] += 1
    return list(found.values())


def _is_hit(ruled: Ruling) -> bool:
    """Whether the rule does anything about the place, or would: a fact check also reports every
    sentence that it lets through."""
    return isinstance(ruled.finding, Finding) and ruled.action > Action.ALLOW


def mark_of(ruled: Ruling) -> Highlight:
    """The position of a finding in its text."""
    found = ruled.finding
    assert isinstance(found, Finding)
    span = found.span
    return Highlight(
        span.start, span.end, found.kind, ruled.rule_id, ruled.action.name.lower(), ruled.shadow
    )


def _row(ruled: Ruling, title: str) -> dict[str, Any]:
    found = ruled.finding
    row = {
        "rule": ruled.rule_id,
        "title": title,
        "action": ruled.action.name.lower(),
        "shadow": ruled.shadow,
        "exception": ruled.exception_id,
        "opinion": "" if ruled.opinion is None else ruled.opinion.outcome,
        "detector": found.detector,
    }
    if isinstance(found, Failed):
        nothing = {"kind": "", "family": "failed", "level": "", "score": "", "span": []}
        return row | nothing | {"failed": found.reason}
    return row | {
        "kind": found.kind,
        "family": family(found.kind),
        "level": found.level.name.lower(),
        "score": shown_score(found.kind, round(found.score, 3)),
        "span": [found.span.start, found.span.end],
        "failed": "",
    }


Run = tuple[Runner, Case | ConstraintCase]


async def tests(visit: ConsoleRequest) -> Answer:
    """Runs every test of the packs in force with the draft applied, each under its own policy."""
    policies, checked, _ = await draft_policies(visit)
    runs: list[Run] = []
    for policy, cases in planned(checked.bundles):
        runner = Runner(policy, visit.parts.detector_set_for(policy))
        runs += [(runner, case) for case in cases]
    title = visit.text_in("正在运行测试", "Running the tests")
    return LongTask(title, _tested(visit, policies, runs))


async def _tested(
    visit: ConsoleRequest, policies: PolicySet, runs: Sequence[Run]
) -> AsyncIterator[Step | Shown]:
    """Pauses after each, because the proxy runs on the same loop. Only a few run at once."""
    turn = object()
    await visit.parts.runs.acquire_on_behalf_of(turn)
    try:
        reports: list[TestReport] = []
        left: list[Case | ConstraintCase] = []
        for number, (runner, case) in enumerate(runs):
            if number % AT_ONCE == 0:
                yield Step(number, len(runs))
            await asyncio.sleep(0)
            reports.append(await runner.run([case], partial=visit.parts.partial))
            left += [case] * reports[-1].left_out
    finally:
        visit.parts.runs.release_on_behalf_of(turn)
    kept = kept_report(joined("policy", reports), left)
    await blocking(visit.parts.drafts.keep, policies.digest, "report", kept)
    yield Shown("policy/draft.html", await draft_page(visit))
