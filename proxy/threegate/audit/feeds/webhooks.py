"""Announcements to chat rooms and custom services, each in its published format.

Only the addresses in the settings are called; redirects are not followed. Any answer other than
acceptance raises, and the feed tries again. Formats and signatures:

- Slack: https://api.slack.com/messaging/webhooks (no signature, the address is the secret)
- Feishu, Lark: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
- DingTalk: https://open.dingtalk.com/document/robots/custom-robot-access
- WeCom: https://developer.work.weixin.qq.com/document/path/91770 (no signature)
- json: our own, signed like a Stripe webhook: HMAC-SHA256 of `TIME.BODY` in `x-threegate-signature`
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from threegate.audit.feeds.announcements import STAGES, Announcement, announcement
from threegate.audit.feeds.reader import Item
from threegate.settings.model import WebhookSettings
from threegate.trust import trusted

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Message:
    """One line to send, and the address of further details (empty if the settings name no
    console)."""

    about: Announcement
    text: str
    link: str

    @property
    def lines(self) -> str:
        return f"{self.text}\n{self.link}" if self.link else self.text


@dataclass(frozen=True, slots=True)
class Post:
    """The request to send; `query` is added to the address."""

    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Format = Callable[[Message, str, float], Post]
"""Message, secret (may be empty), seconds since 1970."""


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def slack(message: Message, secret: str, now: float) -> Post:
    text = message.lines.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Post(orjson.dumps({"text": text}))


def feishu(message: Message, secret: str, now: float) -> Post:
    """The signature's key is `SECONDS\\nSECRET` and its message is empty."""
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": message.lines}}
    if secret:
        stamp = str(int(now))
        sign = base64.b64encode(_hmac(f"{stamp}\n{secret}".encode(), b"")).decode()
        body |= {"timestamp": stamp, "sign": sign}
    return Post(orjson.dumps(body))


def dingtalk(message: Message, secret: str, now: float) -> Post:
    """Signed in the query string, over `MILLISECONDS\\nSECRET`."""
    body = orjson.dumps({"msgtype": "text", "text": {"content": message.lines}})
    if not secret:
        return Post(body)
    stamp = str(int(now * 1000))
    sign = base64.b64encode(_hmac(secret.encode(), f"{stamp}\n{secret}".encode())).decode()
    return Post(body, {"timestamp": stamp, "sign": sign})


def wecom(message: Message, secret: str, now: float) -> Post:
    return Post(orjson.dumps({"msgtype": "text", "text": {"content": message.lines}}))


def plain_json(message: Message, secret: str, now: float) -> Post:
    about = message.about
    body = orjson.dumps(
        {
            "topic": about.topic,
            "event": about.verb,
            "at": about.at,
            "text": message.text,
            "link": message.link,
        }
    )
    if not secret:
        return Post(body)
    stamp = str(int(now))
    signed = _hmac(secret.encode(), stamp.encode() + b"." + body).hex()
    return Post(body, headers={"x-threegate-signature": f"t={stamp},v1={signed}"})


FORMATS: Mapping[str, Format] = {
    "slack": slack,
    "feishu": feishu,
    "dingtalk": dingtalk,
    "wecom": wecom,
    "json": plain_json,
}
_CODES = ("code", "StatusCode", "errcode")
"""Members with which Feishu, DingTalk and WeCom refuse a message under status 200."""


class RefusedError(OSError):
    """The receiver did not take a message. Its answer is not repeated: it may echo the address."""


@dataclass(slots=True)
class Webhook:
    """`url` and `secret` are resolved values; the delivered part of a failed batch is not sent
    again by this process."""

    spec: WebhookSettings
    url: str = field(repr=False)
    secret: str = field(repr=False)
    settle_s: float = 0.0
    stages: tuple[str, ...] = STAGES
    clock: Callable[[], float] = time.time
    _client: httpx.Client | None = field(default=None, repr=False)
    _taken: set[tuple[str, int]] = field(default_factory=set)

    def send(self, items: Sequence[Item]) -> None:
        for item in items:
            about = announcement(item.entry)
            place = (item.writer, item.seq)
            if about is not None and about.topic in self.spec.topics and place not in self._taken:
                self._post(about)
                self._taken.add(place)
        self._taken.clear()

    def _post(self, about: Announcement) -> None:
        link = self.spec.console.rstrip("/") + about.path if self.spec.console else ""
        message = Message(about, "Threegate: " + about.text.get(self.spec.language), link)
        made = FORMATS[self.spec.format](message, self.secret, self.clock())
        join = "&" if "?" in self.url else "?"
        url = f"{self.url}{join}{urlencode(made.query)}" if made.query else self.url
        if self._client is None:
            self._client = httpx.Client(
                verify=trusted(), trust_env=False, timeout=TIMEOUT_S, follow_redirects=False
            )
        headers = {"content-type": "application/json; charset=utf-8", **made.headers}
        try:
            reply = self._client.post(url, content=made.body, headers=headers)
        except httpx.HTTPError as error:
            raise RefusedError(type(error).__name__) from None
        if not _is_taken(reply):
            raise RefusedError(f"status {reply.status_code}")

    def check(self) -> None:
        """Every message is acknowledged."""

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _is_taken(reply: httpx.Response) -> bool:
    if not reply.is_success:
        return False
    try:
        body = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        return True  # Slack answers "ok", others anything
    codes = [body[name] for name in _CODES if name in body] if isinstance(body, dict) else []
    return all(code == 0 for code in codes)
