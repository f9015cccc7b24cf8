"""What must be there before the proxy starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate import parts
from threegate.gateway.telemetry.metrics import Metrics
from threegate.parts import SECRET_BYTES, _check_writable, _limiter, _secret, _upstream_keys, opened
from threegate.settings import Settings, UpstreamSettings
from threegate.settings.errors import SettingsError
from threegate.types import Bilingual

OWN = UpstreamSettings("http://127.0.0.1:9", name="own", key_env="OWN_KEY")


def test_the_secret_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    first = _secret(settings)
    assert len(first) == SECRET_BYTES
    assert _secret(settings) == first
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    given = replace(settings, secret_env="S", environment={"S": "from the outside"})
    assert _secret(given) == b"from the outside"
    file.write_bytes(first[:8])  # as a full disk leaves it
    for guessable in (settings, replace(given, environment={"S": "x"})):
        with pytest.raises(SettingsError, match="16 bytes"):
            _secret(guessable)


async def test_connections_to_the_policy_versions_end_with_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard in somebody's program is opened and closed again and again."""
    settings = Settings(
        var=tmp_path, classifiers="off", upstreams=(UpstreamSettings("http://127.0.0.1:9"),)
    )
    versions = parts.policy_versions(settings)
    monkeypatch.setattr(parts, "policy_versions", lambda _: versions)
    used = versions.engine.pool
    async with opened(settings, lambda _: None):
        assert "Connections in pool: 1" in used.status()
    assert "Connections in pool: 0" in used.status()


async def test_a_start_tells_that_the_shared_state_cannot_be_used() -> None:
    told: list[Bilingual] = []
    limiter = await _limiter(
        Settings(state_url="redis://:canary@127.0.0.1:1"), Metrics(), told.append
    )
    await limiter.aclose()
    (text,) = told
    assert "ConnectionError" in text.zh
    assert "redis://:***@127.0.0.1:1, cannot be used" in text.en
    assert "each process limits by itself" in text.en


def test_a_file_in_place_of_the_folder_of_state_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(SettingsError) as caught:
        _check_writable(tmp_path / "var")
    assert "不是目录" in caught.value.text.zh
    assert "not a directory" in caught.value.text.en


def test_a_key_that_is_named_must_be_there() -> None:
    settings = Settings(upstreams=(OWN,), environment={"OWN_KEY": "sk-own"})
    assert _upstream_keys(settings) == {"own": "sk-own"}
    with pytest.raises(SettingsError, match="OWN_KEY is not set") as caught:
        _upstream_keys(replace(settings, environment={"OTHER": "sk-other"}))
    assert "sk-other" not in str(caught.value)
    assert _upstream_keys(Settings(upstreams=(replace(OWN, key_env=""),))) == {}


@pytest.mark.parametrize(
    "key", ["sk-0123456789abcdef", "hf_Canary", "Bearer canary", "AKIAQRSTUVWXYZABCDEF"]
)
def test_a_key_in_place_of_its_name_is_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="name of an environment variable") as caught:
        _upstream_keys(Settings(upstreams=(replace(OWN, key_env=key),)))
    assert key not in caught.value.text.zh + caught.value.text.en
