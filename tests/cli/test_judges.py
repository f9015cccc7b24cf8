"""The judge that a command names."""

from __future__ import annotations

import pytest
from threegate.cli.errors import UseError
from threegate.cli.judges import named, opened_judge
from threegate.settings import JudgeSettings, Settings
from threegate.trust import trusted

JUDGE = JudgeSettings("facts", "http://127.0.0.1:9", "m", key_env="FACTS_KEY", calls_per_minute=1)
SETTINGS = Settings(judges=(JUDGE,), environment={"FACTS_KEY": "k-1"})


async def test_the_judge_has_its_key_and_no_limit_of_calls() -> None:
    async with opened_judge(named("facts", SETTINGS), SETTINGS) as judge:
        assert judge.key == "k-1"
        assert judge.settings.calls_per_minute > 1000


async def test_a_judge_is_reached_as_the_proxy_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the authorities of the system, and by no proxy of the environment."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with opened_judge(JUDGE, SETTINGS) as judge:
        context = judge.client._transport._pool._ssl_context  # type: ignore[attr-defined]
        assert context is trusted()
        assert not judge.client._mounts


def test_a_judge_that_is_not_in_the_settings_is_wrong_use() -> None:
    with pytest.raises(UseError, match="nobody"):
        named("nobody", SETTINGS)
