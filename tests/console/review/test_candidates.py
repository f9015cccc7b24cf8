from __future__ import annotations

import httpx
import pytest
from threegate.console.review import candidates as module
from threegate.console.review.candidates import candidates
from threegate.console.review.review_queue import sampled

from tests.console.conftest import Site


def test_complaints_first_then_a_fixed_share_of_what_passed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = site.running.deps.audit  # type: ignore[attr-defined]

    def read(passed: int, first: set[str]) -> module.Candidates:
        return site.running.run(log.read(lambda c: candidates(c, passed, first)))  # type: ignore[no-any-return]

    every = read(100, set()).requests
    assert len(every) >= 4
    assert len(set(every)) == len(every)
    assert set(read(30, set()).requests) == {r for r in every if sampled(r, 30)}
    assert read(0, {every[-1]}).requests == (every[-1],)
    assert read(100, {every[-1]}).requests[0] == every[-1]
    assert not read(100, set()).capped
    monkeypatch.setattr(module, "MOST", 2)
    assert read(100, set()).capped


def test_a_call_refused_before_a_decision_leaves_nothing_to_judge(site: Site) -> None:
    refused = httpx.get(f"{site.running.url}/nowhere").headers["x-threegate-request-id"]
    log = site.running.deps.audit  # type: ignore[attr-defined]
    every = site.running.run(log.read(lambda c: candidates(c, 100, set()))).requests
    assert refused not in every
