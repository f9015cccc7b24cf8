"""Replay: the same texts under two policies, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate.policy.compile import build
from threegate.policy.language.load import load_bundle
from threegate.policy.model import EVERYONE, Binding, PolicySet, Selector
from threegate.policy_ops.replay import BATCH, Recorded, Replay, ReplaySide, VerdictChange, replay
from threegate.types import Action, Caller, Channel, Layer

from tests.policy.packs import GOOD, tree
from tests.policy_ops.test_test_runner import Judge, suite

STRICT = GOOD.replace("then: {mask: {restore: client}}", "then: block")
REDACT = GOOD.replace("then: {mask: {restore: client}}", "then: redact")
WRITTEN = "工号EMP-123456和 a@b.com"


def side(text: str, *sentence: Judge) -> ReplaySide:
    policy = build(load_bundle(tree(text), ["shop"]))
    everybody = PolicySet("", (Binding(EVERYONE, policy),))
    return ReplaySide(everybody, lambda bound: suite(bound, *sentence))


async def run(old: str, new: str, texts: Sequence[Recorded]) -> Replay:
    return await replay(texts, side(old), side(new))


def texts(*written: str) -> list[Recorded]:
    return [Recorded(f"r{i}", text) for i, text in enumerate(written)]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (GOOD, GOOD, VerdictChange.SAME),
        (GOOD, STRICT, VerdictChange.NEWLY_STOPPED),
        (STRICT, GOOD, VerdictChange.NEWLY_PASSED),
        (GOOD, REDACT, VerdictChange.EDITS_DIFFER),
    ],
)
async def test_changes(old: str, new: str, change: VerdictChange) -> None:
    found = await run(old, new, texts(WRITTEN, "你好"))
    assert found.counts[change] == (2 if change is VerdictChange.SAME else 1)
    assert found.total == 2


async def test_differences_name_rule_tenant_and_id_but_no_text() -> None:
    without = GOOD.replace("any: [pii.email, ", "any: [")
    recorded = [Recorded("r7", "mail a@b.com", caller=Caller(tenant="retail"))]
    found = await run(GOOD, without, recorded)
    (difference,) = found.differences
    assert (difference.id, difference.rules) == ("r7", ("pii.email",))
    assert (difference.before, difference.after) == (Action.MASK, Action.ALLOW)
    assert (difference.change, difference.tenant) == (VerdictChange.EDITS_DIFFER, "retail")
    assert found.examples(VerdictChange.EDITS_DIFFER) == ("r7",)
    assert "a@b.com" not in repr((recorded, found))


async def test_a_rule_that_does_something_else_with_the_same_text_is_named() -> None:
    found = await run(GOOD, STRICT, texts(WRITTEN))
    assert found.by_rule(VerdictChange.NEWLY_STOPPED) == {"pii.email": 1}


async def test_each_text_is_judged_by_the_policy_of_its_caller() -> None:
    """One tenant's policy is changed, so only that tenant's texts come out otherwise; a caller to
    whom nothing is bound any more is refused."""
    mild, strict = (build(load_bundle(tree(text), ["shop"])) for text in (GOOD, STRICT))
    retail, rest = Selector(tenant=("retail",)), Selector(tenant=("staff", "old"))
    old = PolicySet("1", (Binding(retail, mild), Binding(rest, mild)))
    new = PolicySet("2", (Binding(retail, strict), Binding(Selector(tenant=("staff",)), mild)))
    recorded = [
        Recorded(tenant, WRITTEN, caller=Caller(tenant, "k1"))
        for tenant in ("staff", "retail", "old", "retail")
    ]
    found = await replay(recorded, ReplaySide(old, suite), ReplaySide(new, suite))
    assert [d.id for d in found.differences] == ["retail", "old", "retail"]
    assert found.by_caller(VerdictChange.NEWLY_STOPPED) == {"retail / k1": 2, "old / k1": 1}
    assert found.differences[1].after is Action.BLOCK


async def test_whom_a_rule_excludes_comes_out_otherwise() -> None:
    """Without a tenant a call is not that of the excluded one."""
    excluding = STRICT.replace("    except:", "    when: {not_tenant: [research]}\n    except:")
    recorded = [
        Recorded(tenant, WRITTEN, caller=Caller(tenant, "k1"))
        for tenant in ("retail", "research", "")
    ]
    found = await run(STRICT, excluding, recorded)
    assert [d.id for d in found.differences] == ["research"]
    assert found.by_caller(VerdictChange.NEWLY_PASSED) == {"research / k1": 1}


async def test_shadow_rules_make_no_difference() -> None:
    shadow = GOOD.replace("    except:", "    mode: shadow\n    except:")
    off = GOOD.replace("    except:", "    mode: off\n    except:")
    assert (await run(shadow, off, texts(WRITTEN))).differences == ()


async def test_answers_are_judged_by_output_rules() -> None:
    judge = Judge("category.loans", "一定")
    recorded = [Recorded("a", "您的贷款一定获批", Layer.OUTPUT, Channel.CONTENT)]
    weaker = GOOD.replace("then: {block: {}}\n    stream: cut", "then: flag")
    found = await replay(recorded, side(GOOD, judge), side(weaker, judge))
    assert found.counts[VerdictChange.NEWLY_PASSED] == 1


async def test_many_texts_are_all_judged() -> None:
    steps: list[int] = []
    many = texts(*[WRITTEN, "你好"] * BATCH)
    found = await replay(many, side(GOOD), side(STRICT), step=lambda: steps.append(1))
    assert (found.total, len(steps)) == (2 * BATCH, 2 * BATCH)
    assert found.counts[VerdictChange.NEWLY_STOPPED] == BATCH


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2] / "policies"
    traffic = tmp_path / "traffic.jsonl"
    traffic.write_text(
        '{"id": "r1", "text": "AccessKeyId是LTAI5tQnKLfpvRXbWcD8mZ7y"}\n{"id": "r2", "text": "hi"}\n'
    )
    args = ["--policies", str(root), "--classifiers", "off", "--lang", "en"]
    assert main(["policy", "replay", "base", "--to", "secrets", str(traffic), *args]) == 0
    out = capsys.readouterr().out
    assert "      1 newly blocked  secrets.cloud 1" in out
    assert "callers: default / anonymous 1" in out
    assert main(["policy", "replay", "secrets", "--to", "base", str(traffic), *args]) == 1


async def test_a_new_rule_in_shadow_shows_what_it_would_have_done() -> None:
    """The replay of a rule that starts in shadow said that no call would be treated differently."""
    without = GOOD.replace("any: [pii.email, ", "any: [")
    watched = GOOD.replace("then: {mask: {restore: client}}", "then: block\n    mode: shadow")
    found = await run(without, watched, texts("mail a@b.com", "你好"))
    (seen,) = found.differences
    assert (seen.change, seen.rules) == (VerdictChange.OBSERVED, ("pii.email",))
    assert (seen.before, seen.after) == (Action.ALLOW, Action.BLOCK)
    assert (found.changed, found.counts[VerdictChange.SAME]) == (0, 1)
    again = await run(watched, watched, texts("mail a@b.com"))
    assert not again.differences


async def test_what_an_exception_lets_through_is_not_called_shadow() -> None:
    """An approver read that the new rule was in shadow for the tenant that it excepts."""
    without = GOOD.replace("any: [pii.email, ", "any: [")
    recorded = [Recorded("r7", "mail a@b.com", caller=Caller(tenant="t", key_id="desk"))]
    found = await run(without, GOOD, recorded)
    (seen,) = found.differences
    assert (seen.change, seen.rules) == (VerdictChange.EXCEPTED, ("pii.email",))
    assert (found.changed, found.counts[VerdictChange.OBSERVED]) == (0, 0)
