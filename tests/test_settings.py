from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from threegate.settings import Settings, UpstreamSettings, load, upstream_from
from threegate.settings.errors import SettingsError


def from_text(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "threegate.yaml"
    file.write_text(text, "utf-8")
    return load(environment={}, file=file)


def test_defaults_are_loopback_and_required_classifiers() -> None:
    settings = load(environment={})
    assert settings.loopback
    assert settings.classifiers == "required"
    assert settings.upstreams == ()


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "threegate.yaml"
    file.write_text("port: 1\nworkers: 1\nthreads: 1\n", "utf-8")
    environment = {"THREEGATE_PORT": "2", "THREEGATE_WORKERS": "2"}
    settings = load(given={"port": 3, "workers": None}, environment=environment, file=file)
    assert (settings.port, settings.workers, settings.threads) == (3, 2, 1)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://model:8000", "http://model:8000"),
        ("http://model:8000/", "http://model:8000"),
        ("https://model/v1", "https://model"),
        ("https://model/v1/", "https://model"),
        ("https://model/deep/v1", "https://model/deep"),
    ],
)
def test_an_upstream_url_is_the_part_before_the_version(given: str, url: str) -> None:
    assert upstream_from(given, "x") == UpstreamSettings(url)


@pytest.mark.parametrize(
    "value", ["model:8000", "ftp://model", "file:///etc/passwd", 5, {}, {"url": 5}, None]
)
def test_an_upstream_without_a_web_address_is_refused(value: Any) -> None:
    with pytest.raises(SettingsError, match="upstreams"):
        upstream_from(value, "upstreams[0]")


def test_an_upstreams_proxy_is_a_web_address() -> None:
    with pytest.raises(SettingsError, match=r"^upstreams\[0\]: proxy must begin"):
        upstream_from({"url": "http://a", "proxy": "u:made-up@proxy:3128"}, "upstreams[0]")


def test_unknown_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown setting prot"):
        from_text(tmp_path, "prot: 8080")
    with pytest.raises(SettingsError, match="unknown key weigth"):
        from_text(tmp_path, "upstreams: [{url: 'http://a', weigth: 2}]")


@pytest.mark.parametrize("text", ["port: x", "port: [1]", "- a", "a: b: c", "a: &a [*a]", "\x00"])
def test_a_broken_file_is_a_settings_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        from_text(tmp_path, text)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(environment={}, file=tmp_path / "none.yaml")


def test_the_environment_is_not_shown() -> None:
    settings = load(environment={"MODEL_KEY": "sk-canary"})
    assert settings.environment["MODEL_KEY"] == "sk-canary"
    assert "sk-canary" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("localhost.evil.test", False),
    ],
)
def test_loopback_is_named_exactly(host: str, loopback: bool) -> None:
    assert Settings(host=host).loopback is loopback


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("weight: much", "weight must be a whole number"),
        ("weight: -1", "weight must be a whole number"),
        ("weight: true", "weight must be a whole number"),
        ("idle_s: soon", "idle_s must be a number"),
        ("models: r1", "models must be a list"),
        ("name: 5", "name must be text"),
        ("starts_in_reasoning: 1", "starts_in_reasoning must be true or false"),
    ],
)
def test_a_setting_of_an_upstream_has_its_type(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        from_text(tmp_path, f"upstreams: [{{url: 'http://a', {line}}}]")


def test_whole_numbers_of_seconds_and_lists_of_names_are_read(tmp_path: Path) -> None:
    made = from_text(tmp_path, "upstreams: [{url: 'http://a', rest_s: 3, tenants: [x, 'y*']}]")
    assert made.upstreams == (UpstreamSettings("http://a", rest_s=3.0, tenants=("x", "y*")),)


def test_two_upstreams_of_one_name_would_share_a_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a name of its own"):
        from_text(tmp_path, "upstreams: ['http://a', 'http://b']")


def test_servers_of_models_are_a_mapping_or_one_text(tmp_path: Path) -> None:
    wanted = (("guard", "grpc://triton:8001"), ("entities", "http://triton:8000"))
    made = from_text(
        tmp_path, "remote_models: {guard: 'grpc://triton:8001', entities: 'http://triton:8000'}"
    )
    assert made.remote_models == wanted
    text = "guard=grpc://triton:8001, entities=http://triton:8000"
    made = load(environment={"THREEGATE_REMOTE_MODELS": text})
    assert made.remote_models == wanted


def test_a_model_without_its_server_is_refused() -> None:
    with pytest.raises(SettingsError, match="must give each name its value"):
        load(environment={"THREEGATE_REMOTE_MODELS": "guard"})


OIDC = "oidc: {issuer: 'https://id.example', client_id: tg, url: 'https://tg.example/console', %s}"


def test_single_sign_on_is_a_mapping_with_roles_for_groups(tmp_path: Path) -> None:
    made = from_text(tmp_path, OIDC % "roles: {editors: 'editor, viewer'}").oidc
    assert made is not None
    assert made.roles == {"editors": "editor, viewer"}
    assert made.roles_claim == "groups"
    for wrong in (
        "",
        "roles: editor",
        "roles: {}, colour: red",
        "roles: {}, issuer: 'http://id'",
        "roles: {}, session_minutes: 1000",
    ):
        with pytest.raises(SettingsError, match=r"threegate\.yaml"):
            from_text(tmp_path, OIDC % wrong)


def test_a_config_variable_names_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="THREEGATE_CONFIG is empty"):
        load(environment={"THREEGATE_CONFIG": ""})
    with pytest.raises(
        SettingsError, match=r"THREEGATE_CONFIG: /nonexistent/a\.yaml: no such file"
    ):
        load(environment={"THREEGATE_CONFIG": "/nonexistent/a.yaml"})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("THREEGATE_PROT", "THREEGATE_PROT: unknown setting prot; is it port?"),
        ("THREEGATE_UPSTREAMS", "upstreams can only be set in the settings file"),
        ("THREEGATE_ELSE", "THREEGATE_ELSE: unknown setting else"),
    ],
)
def test_an_unknown_variable_is_named_without_its_value(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        load(environment={name: "sk-canary"})
    assert "canary" not in caught.value.text.en + caught.value.text.zh


def test_variables_that_hold_secrets_are_known(tmp_path: Path) -> None:
    file = tmp_path / "threegate.yaml"
    file.write_text(
        "upstreams: [{url: 'http://a', key_env: THREEGATE_A}]\n"
        "judges: [{name: j, url: 'http://a', model: m, question: q, key_env: THREEGATE_B}]\n"
        "oidc: {issuer: 'https://i', client_id: c, url: 'https://u', roles: {}, "
        "secret_env: THREEGATE_C}\n"
        "secret_env: THREEGATE_D\naudit_master_key: env:THREEGATE_E\n"
        "audit_signing_key: env:THREEGATE_F\n"
    )
    load(environment={f"THREEGATE_{letter}": "x" for letter in "ABCDEF"}, file=file)


def test_a_secret_is_in_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    settings = Settings(environment={"NAME": "sk-first"})
    assert settings.secret("NAME", "here") == "sk-first"
    assert settings.secret("", "here") == ""
    for key in ("sk-canary", "sk-canary-2"):  # changed under a running program
        file.write_text(f"{key}\n", "utf-8")
        assert settings.secret(f"file:{file}", "here") == key


def test_the_mark_that_windows_editors_begin_a_file_with_is_no_part_of_a_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xef\xbb\xbfsk-canary\r\n")
    assert Settings().secret(f"file:{file}", "here") == "sk-canary"


@pytest.mark.parametrize("written", [None, b"", b"\n", b"\xff canary", b"canary\ncanary-2\n"])
def test_a_file_without_a_secret_is_named(tmp_path: Path, written: bytes | None) -> None:
    file = tmp_path / "key"
    if written is not None:
        file.write_bytes(written)
    with pytest.raises(SettingsError, match=re.escape(str(file))) as caught:
        Settings().secret(f"file:{file}", "upstream r1")
    assert str(caught.value).startswith("upstream r1: ")
    assert "canary" not in caught.value.text.en + caught.value.text.zh


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(environment={"THREEGATE_AUDIT_URL": ""}).audit_url == ""
    assert load(environment={"THREEGATE_WORKERS": ""}).workers == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("audit_syslog", v) for v in ("siem:6514", "udp://siem:514", "tls://", "tls://a:x")),
        *(("audit_otlp", v) for v in ("collector:4318", "tcp://collector", "grpc://collector")),
    ],
)
def test_a_feed_needs_an_address_that_can_be(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be an address"):
        load(environment={f"THREEGATE_{name.upper()}": value})


def test_addresses_of_feeds() -> None:
    given = {"THREEGATE_AUDIT_SYSLOG": "tls://siem:6514", "THREEGATE_AUDIT_OTLP": "http://c:4318"}
    made = load(environment=given)
    assert (made.audit_syslog, made.audit_otlp) == ("tls://siem:6514", "http://c:4318")
