"""What a policy can do to a call, end to end: block, answer, shadow, gates, labels, reasoning, reload."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.cli.main import main
from threegate.gateway.answer.ai_label import SIGN
from threegate.policy.language.hashed_values import value_sha256
from threegate.policy.language.problems import Severity

from tests.e2e.support.running import Running, proxy
from tests.gateway.shell import Heard, stream_of
from tests.waiting import eventually

PACKS = Path(__file__).parent / "policies"
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup",
        "parameters": {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
        },
    },
}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("rich")
    shutil.copytree(PACKS, root / "policies")
    with proxy(
        root / "var", root / "policies", packs=("rich",), producer="91350100M000100Y43"
    ) as p:
        yield p


def post(running: Running, text: str, **more: Any) -> httpx.Response:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=120)


def content(reply: httpx.Response) -> str:
    if reply.headers["content-type"].startswith("text/event-stream"):
        return Heard(reply.content).text()
    return str(reply.json()["choices"][0]["message"]["content"])


def finish(reply: httpx.Response) -> str | None:
    if reply.headers["content-type"].startswith("text/event-stream"):
        return Heard(reply.content).finish()
    return str(reply.json()["choices"][0]["finish_reason"])


both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@both
def test_a_block_is_a_valid_answer_with_ids_and_both_languages(rich: Running, stream: bool) -> None:
    seen = len(rich.demo.received)
    reply = post(rich, "please STOP-1 now", stream=stream)
    assert reply.status_code == 200
    assert finish(reply) == "content_filter"
    assert "不行。" in content(reply)
    assert "Not this." in content(reply)
    assert "in.block" in reply.text
    assert "STOP-1" not in reply.text
    assert len(rich.demo.received) == seen


def test_a_block_may_be_a_status(rich: Running) -> None:
    reply = post(rich, "DENY-1")
    assert reply.status_code == 403
    assert reply.json()["threegate"]["rule_id"] == "in.status"


@both
@pytest.mark.parametrize(("text", "said"), [("HELP-1 please", "help line"), ("请问HELP-1", "热线")])
def test_a_curated_answer_in_the_users_language(
    rich: Running, stream: bool, text: str, said: str
) -> None:
    assert said in content(post(rich, text, stream=stream))


@both
def test_a_curated_answer_in_place_of_a_bad_one(rich: Running, stream: bool) -> None:
    reply = post(rich, "say BAD-1 and more", stream=stream)
    assert "help line" in content(reply)
    assert "BAD-1" not in reply.text


def test_a_blocked_turn_does_not_poison_the_next(rich: Running) -> None:
    blocked = post(rich, "STOP-1").json()["choices"][0]["message"]["content"]
    history = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": blocked},
        {"role": "user", "content": "and now?"},
    ]
    body = {"model": "deepseek-r1", "messages": history}
    reply = httpx.post(f"{rich.url}/v1/chat/completions", json=body)
    assert finish(reply) == "stop"


def test_a_shadow_rule_only_counts(rich: Running) -> None:
    assert finish(post(rich, "SHADE-1")) == "stop"
    metrics = httpx.get(f"{rich.url}/metrics").text
    assert 'action="block",layer="input",rule="in.shadow",shadow="true"' in metrics


@both
def test_reasoning_is_replaced_by_a_notice(rich: Running, stream: bool) -> None:
    reply = post(rich, "hello", stream=stream)
    if stream:
        reasoning = Heard(reply.content).text("reasoning_content")
    else:
        reasoning = reply.json()["choices"][0]["message"]["reasoning_content"]
    assert reasoning == "(reasoning hidden)"


@both
def test_the_label_stands_once_in_the_text_and_in_the_fields(rich: Running, stream: bool) -> None:
    reply = post(rich, "hello", stream=stream)
    assert content(reply).count(SIGN) == 1
    label = json.loads(reply.headers["x-aigc"])["AIGC"]
    assert label["ContentProducer"] == "91350100M000100Y43"
    assert label["ProduceID"] == reply.headers["x-threegate-request-id"]
    assert f'"ProduceID":"{label["ProduceID"]}"' in reply.text


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rich pack; its callers asked for answers without the sign."""
    root = tmp_path_factory.mktemp("studio")
    shutil.copytree(PACKS, root / "policies")
    pack = root / "policies" / "packs" / "rich.yaml"
    asked = "{id: studio, tenants: [default], agreement: terms-3, agreed: 2026-01-31}"
    text = pack.read_text("utf-8")
    kept = f"label: text\nunlabelled: [{asked}]\naudit: {{on_failure: fail_request}}\n"
    pack.write_text(text.replace("label: text\n", kept), "utf-8")
    with proxy(root / "var", root / "policies", packs=("rich",)) as p:
        yield p


@both
def test_who_asked_gets_no_sign_and_the_record_says_why(studio: Running, stream: bool) -> None:
    reply = post(studio, "hello", stream=stream)
    assert SIGN not in content(reply)
    assert '"aigc":' in reply.text
    assert "x-aigc" in reply.headers
    request_id = reply.headers["x-threegate-request-id"]
    entries = studio.run(studio.deps.audit.get(request_id))  # type: ignore[attr-defined]
    assert entries[-1].event["label"] == "field:art9:studio:terms-3"


def excepted(folder: Path) -> Path:
    """The rich pack, but `BAD-2` and `STOP-2` are let through until the end of January."""
    root = folder / "policies"
    shutil.copytree(PACKS, root)
    pack = root / "packs" / "rich.yaml"
    text = pack.read_text("utf-8")
    for value, kind in (("STOP-2", "stop"), ("BAD-2", "bad")):
        match = f"{{value_salt: 's', value_sha256: ['{value_sha256(value, 's')}']}}"
        approved = f"reason: test_data, approver: cpo, expires: {IN_A_MONTH}"
        line = f"    except: [{{id: EX-{kind}, match: {match}, {approved}}}]\n"
        detect = f"    detect: {{any: [pattern.{kind}]}}\n"
        assert detect in text
        text = text.replace(detect, detect + line, 1)
    pack.write_text(text, "utf-8")
    return root


@both
def test_an_exception_for_one_value_lets_through_that_value_only(
    tmp_path: Path, stream: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with proxy(tmp_path / "var", excepted(tmp_path), packs=("rich",)) as running:
        reply = post(running, "STOP-2 and say BAD-2 please", stream=stream)
        assert "BAD-2" in content(reply)
        assert finish(post(running, "STOP-1 and STOP-2", stream=stream)) == "content_filter"
        bad = post(running, "say BAD-2 and BAD-1", stream=stream)
        assert "help line" in content(bad)
        assert "BAD-1" not in bad.text
        database = str(tmp_path / "var" / "audit.sqlite3")
        request = reply.headers["x-threegate-request-id"]
        assert main(["explain", request, "--database", database]) == 0
    said = capsys.readouterr().out
    assert "exception EX-stop" in said
    assert "exception EX-bad" in said
    assert "BAD-2" not in said


def call(name: str, arguments: str) -> bytes:
    pieces = [arguments[i : i + 3] for i in range(0, len(arguments), 3)]
    return stream_of([], ["think"], pieces).replace(b'"send"', f'"{name}"'.encode())


@pytest.mark.parametrize(
    ("name", "arguments", "passes"),
    [
        ("lookup", '{"id": 12}', True),
        ("lookup", '{"id": "twelve"}', False),
        ("lookup", '{"id": 12', False),
        ("delete_all", '{"id": 12}', False),
    ],
)
def test_tool_calls_are_held_against_what_was_offered(
    rich: Running, name: str, arguments: str, passes: bool
) -> None:
    rich.demo.play([call(name, arguments)])
    heard = Heard(post(rich, "go", stream=True, tools=[LOOKUP]).content)
    assert heard.finish() == ("tool_calls" if passes else "content_filter")
    assert heard.arguments() == (arguments if passes else "")


def test_tools_results_and_fields_on_the_way_in(rich: Running) -> None:
    other = {"type": "function", "function": {"name": "other", "parameters": {}}}
    post(rich, "hello", tools=[LOOKUP, other])
    sent = rich.demo.received[-1].body["tools"]
    assert [t["function"]["name"] for t in sent] == ["lookup"]
    assert post(rich, "hello", chat_template="{{x}}").json()["error"]["code"] == "field_denied"
    assert post(rich, "hello", model="other").status_code == 403
    long = [{"role": "tool", "tool_call_id": "c", "content": "x" * 100}]
    body = {"model": "deepseek-r1", "messages": long}
    reply = httpx.post(f"{rich.url}/v1/chat/completions", json=body)
    assert reply.json()["error"]["code"] == "tool_result_too_large"


def test_a_broken_policy_file_changes_nothing_and_a_good_one_acts(tmp_path: Path) -> None:
    root = tmp_path / "policies"
    shutil.copytree(PACKS, root)
    pack = root / "packs" / "rich.yaml"
    good = pack.read_text("utf-8")
    with proxy(tmp_path / "var", root, packs=("rich",)) as running:
        policies = running.deps.policies
        first = policies.pin().digest
        pack.write_text(good + "\nrules: oops\n\tbad", "utf-8")
        assert eventually(lambda: bool(policies.problems))  # type: ignore[attr-defined]
        assert policies.pin().digest == first
        assert finish(post(running, "STOP-1")) == "content_filter"
        pack.write_text(good.replace(r"STOP-\d", r"HALT-\d").replace("STOP-1", "HALT-1"), "utf-8")
        assert eventually(lambda: policies.pin().digest != first)
        assert finish(post(running, "STOP-1")) == "stop"
        assert finish(post(running, "HALT-1")) == "content_filter"


def test_a_stream_keeps_the_policy_that_it_began_with(tmp_path: Path) -> None:
    root = tmp_path / "policies"
    shutil.copytree(PACKS, root)
    pack = root / "packs" / "rich.yaml"
    with proxy(tmp_path / "var", root, packs=("rich",)) as running:
        policies = running.deps.policies
        first = policies.pin().digest
        data, changed = stream_of(["one two three ", "BAD-1 and more."]), threading.Event()
        at = data.rfind(b"data: ", 0, data.find(b"BAD-1"))
        running.demo.play([data[:at], data[at:]], go_on=changed)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(post, running, "go", stream=True)
            assert eventually(lambda: len(running.demo.received) == 1)
            relaxed = pack.read_text("utf-8").replace(r"BAD-\d", r"EVIL-\d")
            pack.write_text(relaxed.replace("BAD-1", "EVIL-1"), "utf-8")
            assert eventually(lambda: policies.pin().digest != first)
            changed.set()
            said = content(asked.result())
        assert "help line" in said
        assert "more" not in said


TEN_MISTAKES = """\
pack: rich
title: {zh: 测试, en: Test}
version: '1'
color: blue
label: loud
rules:
  - id: in.block
    title: {zh: 拦截, en: Block}
    owner: test
    why: [no.such.reason]
    layer: inputs
    where: [user, wall]
    detect: {any: [pii.nonsense]}
    then: {explode: {}}
    mode: on
    rollout: 250
    owner: again
    tests: {match: ["STOP-1"], nomatch: ["go"]}
    review_by: 2027-13-45
"""


def test_ten_mistakes_are_ten_problems_with_their_places(tmp_path: Path) -> None:
    root = tmp_path / "policies"
    shutil.copytree(PACKS, root)
    with proxy(tmp_path / "var", root, packs=("rich",)) as running:
        policies: Any = running.deps.policies
        first = policies.pin().digest
        (root / "packs" / "rich.yaml").write_text(TEN_MISTAKES, "utf-8")
        assert eventually(lambda: any(p.severity is Severity.ERROR for p in policies.problems))
        found = [p for p in policies.problems if p.severity is Severity.ERROR]
        assert len({(p.at.line, p.at.column) for p in found}) >= 10
        assert {4, 5, 11, 12, 14, 15, 16, 17, 18, 19} <= {p.at.line for p in found}
        assert all(p.code and p.text.zh and p.text.en for p in found)
        assert policies.pin().digest == first
        assert finish(post(running, "STOP-1")) == "content_filter"
