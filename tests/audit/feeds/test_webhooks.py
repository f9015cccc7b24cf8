"""Each service gets its published format over real HTTP, signed as it wants to check it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from threegate.audit.feeds.feed import delivering
from threegate.audit.feeds.reader import Item
from threegate.audit.feeds.webhooks import RefusedError, Webhook
from threegate.settings import Settings, WebhookSettings
from threegate.settings.errors import SettingsError

from tests.audit.feeds.receivers import Call, robot
from tests.audit.feeds.test_announcements import DIGEST, entry

SECRET = "SEC-of-the-robot"
NOW = 1_796_040_000.25
TAKEN = {"feishu": b'{"code":0,"msg":"success"}', "dingtalk": b'{"errcode":0}', "slack": b"ok"}
SUBMITTED = Item("w", 1, entry("submit", note="private words", reviewers=["li"]))


def sent(format: str, secret: str = SECRET, *items: Item) -> Call:
    spec = WebhookSettings("room", format, console="https://guard.example/console", language="en")
    with robot((200, TAKEN.get(format, b""))) as room:
        hook = Webhook(spec, room.url + "/hook?key=1", secret, clock=lambda: NOW)
        hook.send(items or (SUBMITTED,))
        hook.close()
        (call,) = room.calls
    assert b"private words" not in call.body
    assert call.headers["content-type"].startswith("application/json")
    return call


LINES = (
    "Threegate: wang submitted version abababababab for approval by li\n"
    f"https://guard.example/console/policies/version/{DIGEST}"
)


def digest_of(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def test_slack() -> None:
    assert json.loads(sent("slack").body) == {"text": LINES}


def test_feishu_signs_nothing_with_time_and_secret_as_its_key() -> None:
    body = json.loads(sent("feishu").body)
    assert body["timestamp"] == "1796040000"
    assert body["sign"] == digest_of(f"1796040000\n{SECRET}".encode(), b"")
    assert (body["msg_type"], body["content"]) == ("text", {"text": LINES})
    assert "sign" not in json.loads(sent("feishu", "").body)


def test_dingtalk_signs_in_the_address() -> None:
    call = sent("dingtalk")
    query = parse_qs(urlsplit(call.path).query)
    assert query["key"] == ["1"]
    assert query["timestamp"] == ["1796040000250"]
    assert query["sign"] == [digest_of(SECRET.encode(), f"1796040000250\n{SECRET}".encode())]
    assert json.loads(call.body) == {"msgtype": "text", "text": {"content": LINES}}


def test_wecom() -> None:
    assert json.loads(sent("wecom").body) == {"msgtype": "text", "text": {"content": LINES}}


def test_our_own_format_is_signed_over_time_and_body() -> None:
    call = sent("json")
    stamp, _, signature = call.headers["x-threegate-signature"].partition(",v1=")
    assert stamp == "t=1796040000"
    message = b"1796040000." + call.body
    assert signature == hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    body = json.loads(call.body)
    assert (body["topic"], body["event"]) == ("approvals", "submit")
    assert body["link"].endswith(DIGEST)


@pytest.mark.parametrize(
    "refusal",
    [(500, b""), (302, b""), (200, b'{"code":19021,"msg":"sign"}'), (200, b'{"errcode":310000}')],
    ids=["error", "redirect", "feishu", "dingtalk"],
)
def test_what_is_refused_is_tried_again_and_what_was_taken_is_not(
    refusal: tuple[int, bytes],
) -> None:
    spec = WebhookSettings("room", "json")
    items = [Item("w", n, entry("approve")) for n in (1, 2)]
    with robot((200, b"{}"), refusal, (200, b"{}")) as room:
        hook = Webhook(spec, room.url, "")
        with pytest.raises(RefusedError) as raised:
            hook.send(items)
        assert room.url not in str(raised.value)
        hook.send(items)
        hook.close()
        assert [call.path for call in room.calls] == ["/"] * 3  # no redirect is followed


def test_a_room_hears_its_topics_only() -> None:
    spec = WebhookSettings("room", "json", topics=("rules",))
    with robot() as room:
        hook = Webhook(spec, room.url, "")
        hook.send([SUBMITTED, Item("w", 2, entry("stopped", object="r"))])
        hook.close()
        assert [json.loads(call.body)["topic"] for call in room.calls] == ["rules"]


@pytest.mark.parametrize(
    ("given", "environment", "named"),
    [
        ({"url_env": "HOOK"}, {}, "HOOK"),
        ({"url_env": "HOOK"}, {"HOOK": "http://elsewhere.example/x"}, "HOOK"),
        ({"url": "https://x.example", "secret_env": "KEY"}, {}, "KEY"),
    ],
)
def test_an_address_and_a_secret_are_there_at_the_start(
    given: dict[str, str], environment: dict[str, str], named: str, tmp_path: Path
) -> None:
    spec = WebhookSettings("room", "slack", **given)  # type: ignore[arg-type]
    settings = Settings(var=tmp_path, webhooks=(spec,), environment=environment)
    with (
        pytest.raises(SettingsError) as raised,
        delivering(settings, None, lambda *_: None),  # type: ignore[arg-type]
    ):
        pass
    assert named in raised.value.text.en
    assert "elsewhere" not in raised.value.text.en
