"""What is wrong with a setting is said in both languages, with its name, never with its value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from threegate.audit.export.otel import NAMES
from threegate.audit.log.chain import Algorithm
from threegate.audit.log.record import ContentLevel
from threegate.audit.settings import Format, OnFailure
from threegate.settings import CHOICES, load
from threegate.settings.errors import SettingsError
from threegate.types import Bilingual

CANARY = "hunter2canary"


def complaint(tmp_path: Path, written: str | bytes) -> Bilingual:
    file = tmp_path / "threegate.yaml"
    file.write_bytes(written.encode() if isinstance(written, str) else written)
    with pytest.raises(SettingsError) as raised:
        load(environment={}, file=file)
    text = raised.value.text
    for said in (text.zh, text.en):
        assert CANARY not in said
        assert str(file) in said
    assert str(raised.value) == text.en
    return text


WRONG_FILES = [
    ("prot: 8080", "prot", "port"),
    ("PORT: 8080", "PORT", "port"),
    ("port: eighty", "port", "0 to 65535"),
    ("port: 99999", "port", "0 to 65535"),
    ("port: -1", "port", "0 to 65535"),
    ("port: 8080.5", "port", "whole number"),
    ("port: true", "port", "whole number"),
    ("port: 8080 ms", "port", "whole number"),
    ("workers: 0", "workers", "1 to"),
    ("max_calls: 0", "max_calls", "1 to"),
    ("drain: 5m", "drain", "whole number"),
    ("reload_s: 200ms", "reload_s", "seconds"),
    ("reload_s: true", "reload_s", "seconds"),
    ("audit_metadata_days: 30", "audit_metadata_days", "184"),
    ("audit_content_days: 90d", "audit_content_days", "whole number"),
    ("classifiers: maybe", "classifiers", "required, off"),
    ("keys: requird", "keys", "auto, required"),
    ("audit_on_failure: drop", "audit_on_failure", "fail_request"),
    ("audit_level: everything", "audit_level", "redacted"),
    ("audit_export_format: xml", "audit_export_format", "jsonl"),
    ("log_format: xml", "log_format", "text, json"),
    ("log_level: loud", "log_level", "debug"),
    ("traces_names: new", "traces_names", "verdict"),
    ("packs: 5", "packs", "list"),
    ("packs: [base, 5]", "packs", "list"),
    ("packs: {base: true}", "packs", "list"),
    ("host: [127.0.0.1]", "host", "text"),
    (f"audit_url: {{password: {CANARY}}}", "audit_url", "text"),
    ("bundle: true", "bundle", "text"),
    ("policies: [a]", "policies", "text"),
    ("upstreams: model:8000", "upstreams[0]", "http://"),
    ("upstreams: 'http://'", "upstreams[0]", "host"),
    ("upstreams: 'http://model:99999'", "upstreams[0]", "host"),
    ("upstreams: [{name: a}]", "upstreams[0]", "url"),
    ("upstreams: [{url: 'http://a', timeout: 5}]", "timeout", "total_s"),
    ("upstreams: [{url: 'http://a', idle_s: 5s}]", "idle_s", "number"),
    ("upstreams: [{url: 'http://a', tls_ca: ca.pem}]", "upstreams[0]", "https"),
    ("upstreams: ['http://a', 'http://b']", "upstreams", "name"),
    ("judges: [{name: j, url: 'http://a', model: m}]", "judges[0]", "question"),
    ("judges: [{name: j, url: a, model: m, question: q}]", "judges[0]", "http://"),
    ("judges: [{name: j, url: 'http://a', model: m, question: q, timeout_s: 5s}]", "timeout_s",
     "number"),
    ("judges: [{name: j, url: 'https://:1', model: m, question: q}]", "judges[0]", "host"),
    ("judges: j", "judges[0]", "name"),
    ("state_url: 'http://127.0.0.1'", "state_url", "redis://"),
    ("traces_url: 'collector:4318'", "traces_url", "http://"),
    ("subject_header: 'x-user: 1'", "subject_header", "HTTP header"),
    ("cors: ['https://']", "https://app", "origin"),
    ("oidc: {issuer: 'https://id'}", "oidc", "client_id"),
    ("remote_models: {guard: }", "remote_models", "value"),
    ("port：8080", "ASCII", "mapping"),
    ("- port: 8080", "mapping", "value"),
    ("port: 8080\nport: 9090", "port", "twice"),
    (f"audit_url: {CANARY}\naudit_url: {CANARY}", "audit_url", "twice"),
    ("host: x\n\tport: 8080", ":2", "space"),
    ("host: 'x\nport: 8080", ":", "quote"),
    ("upstreams: [{url: 'http://a'}", ":", "]"),
    ("host: x port: 8080", ":1", "colon"),
    ("\xff\xfeh\x00".encode("latin-1"), "UTF-8", "save"),
    ("a: " + "[" * 3000, "threegate", "nest"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "named", "said"), WRONG_FILES)
def test_what_is_wrong_is_named(
    tmp_path: Path, written: str | bytes, named: str, said: str
) -> None:
    text = complaint(tmp_path, written)
    assert named in text.en
    assert said in text.en
    assert re.search(r"[一-鿿]", text.zh)
    assert not re.search(r"[一-鿿]", text.en)


@pytest.mark.parametrize("written", ["", "# nothing\n", "\ufeffport: 9\n", "log_level: DEBUG\n"])
def test_an_empty_file_and_a_byte_order_mark_are_fine(tmp_path: Path, written: str) -> None:
    file = tmp_path / "threegate.yaml"
    file.write_text(written, "utf-8")
    load(environment={}, file=file)


def test_a_setting_of_the_command_line_or_a_variable_is_named_as_it_was_given() -> None:
    with pytest.raises(SettingsError, match="--port: port must be a whole number"):
        load(given={"port": 99_999}, environment={})
    with pytest.raises(SettingsError, match="THREEGATE_PORT: port must be a whole number"):
        load(environment={"THREEGATE_PORT": "tcp://10.0.0.1:80"})


def test_choices_are_those_of_the_code_that_reads_them() -> None:
    assert CHOICES["audit_on_failure"] == tuple(OnFailure)
    assert CHOICES["audit_level"] == tuple(ContentLevel)
    assert CHOICES["audit_hash"] == tuple(Algorithm)
    assert CHOICES["audit_export_format"] == tuple(Format)
    assert CHOICES["traces_names"] == tuple(NAMES)
