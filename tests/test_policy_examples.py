"""The handbook's examples do what they show: their own tests run through the real pattern detectors."""

from __future__ import annotations

import pytest
from threegate.policy.compile import build
from threegate.policy.language.load import DictTree, load_bundle, pack_path
from threegate.policy.lifecycle.store import DirTree
from threegate.policy.testing.cases import cases
from threegate.policy_ops.test_runner import Runner

from tests.policy.test_handbook import EXAMPLES, POLICIES
from tests.policy_ops.test_test_runner import suite


@pytest.mark.parametrize("example", EXAMPLES)
async def test_examples_pass_their_own_tests(example: str) -> None:
    name = example.partition("pack: ")[2].split()[0]
    tree = DictTree({pack_path(name): example.encode()}, DirTree(POLICIES))
    bundle = load_bundle(tree, [name])
    policy = build(bundle)
    own = [c for c in cases(bundle) if c.at.file == pack_path(name)]
    report = await Runner(policy, suite(policy)).run(own, partial=True)
    assert [(o.case.id, o.detail.en) for o in report.failures] == []
    assert len(report.outcomes) + report.left_out == len(own)
