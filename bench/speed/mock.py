"""A model API as thin as Python gets: R1-shaped answers as bytes made beforehand, on uvloop.

    python -m bench.speed.mock --port 9100

`GET /_cfg?gap=10` sets the milliseconds between the events of a stream (0: all at once) and
`GET /_sent?tag=abcdefgh` gives [[time in ns, answer characters so far], ...] of the stream whose
prompt held `zqtagabcdefgh`. An answer with `zqpii` in its prompt holds personal data, one with
`zqfresh` is streamed in words that no other stream has, so that no check knows them already.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
from collections import OrderedDict
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import orjson
import uvloop

MODEL = "deepseek-reasoner"
REASONING = (
    "The user asks how to do this well. I should think about the order of the steps, about what "
    "may fail, and about how to say it without leaving out the part that matters the most here. "
) * 2
ENGLISH = (
    "A reverse proxy sits between clients and the service and forwards each call after a few "
    "checks. Parse the body once and keep the parsed form. Run the cheap checks before the "
    "expensive ones, because most traffic is harmless. Reuse connections, since a new one costs "
    "more than the check itself. Forward streamed answers as they arrive and hold back only the "
    "few characters that could still turn into something that must be hidden. "
) * 3
CHINESE = (
    "反向代理位于客户端和服务之间，先做几项检查，再转发每个请求。请求体只解析一次，并保留解析结果。"
    "先做便宜的检查，再做昂贵的检查，因为大多数请求都是无害的。重复使用连接，因为新建连接比检查本身更贵。"
    "收到流式回答后立即转发，只留住少数仍可能变成敏感内容的字符。"
) * 6
PERSONAL = (
    "Write to maria.gonzalez@northlakemail.com or call +1 415-826-2671. "
    "Her card is 4539 1488 0343 6467."
    "联系人张伟，手机13812345678，身份证11010519491231002X，邮箱zhangwei@example.cn。"
)
EVENTS, REASONING_EVENTS = 200, 50
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
USAGE = {"prompt_tokens": 40, "completion_tokens": 300, "total_tokens": 340}
KEPT_LOGS = 1024

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.I)
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_TAG = re.compile(rb"zqtag([a-z]{8})")

gap_ms = 0.0
sent: OrderedDict[str, list[tuple[int, int]]] = OrderedDict()
Events = list[tuple[bytes, int]]
"""Encoded event, answer characters up to and with it."""


def reply(body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    return head % (kind, len(body)) + body


def whole(text: str) -> bytes:
    message = {"role": "assistant", "content": text, "reasoning_content": REASONING}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = {"id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": MODEL}
    return reply(orjson.dumps({**head, "choices": [choice], "usage": USAGE}))


def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    data = b"data: " + orjson.dumps({**head, "choices": [choice], **more}) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


def pieces(text: str, count: int) -> list[str]:
    step = len(text) / count
    return [text[int(i * step) : int((i + 1) * step)] for i in range(count)]


def events(text: str, answer_events: int = EVENTS) -> Events:
    out = [(event({"role": "assistant", "content": ""}), 0)]
    out += [(event({"reasoning_content": p}), 0) for p in pieces(REASONING, REASONING_EVENTS)]
    size = 0
    for piece in pieces(text, answer_events):
        size += len(piece)
        out.append((event({"content": piece}), size))
    return [*out, (event({"content": ""}, "stop", usage=USAGE), size)]


TEXTS = {"en": ENGLISH, "zh": CHINESE, "pii": PERSONAL}
WHOLE = {name: whole(text) for name, text in TEXTS.items()}
STREAM = {name: events(text, min(EVENTS, len(text) // 3)) for name, text in TEXTS.items()}
AT_ONCE = {name: HEAD + b"".join(e for e, _ in STREAM[name]) + DONE for name in TEXTS}


SENTENCE = {"en": re.compile(r"(?<=\.) "), "zh": re.compile(r"(?<=。)")}
OPENING = {"en": "In a {} {} it is like this: {} ", "zh": "在{}的{}里是这样的：{}"}
KINDS = {
    "en": ("busy", "quiet", "large", "small", "modern", "simple", "distant", "public", "shared"),
    "zh": ("繁忙", "安静", "大型", "小型", "现代", "简单", "遥远", "公共", "共用"),
}
PLACES = {
    "en": ("office", "library", "factory", "market", "school", "harbour", "station", "workshop"),
    "zh": ("办公室", "图书馆", "工厂", "市场", "学校", "港口", "车站", "车间"),
}


SAID = {"en": 880, "zh": 300}
"""Characters: 4.4 and 1.5 in each of 200 events, as tokens have."""


def fresh(language: str, seed: str) -> Events:
    dice = random.Random(seed)
    sentences = [s for s in SENTENCE[language].split(TEXTS[language].strip()) if s]
    dice.shuffle(sentences)
    opening, kinds, places = OPENING[language], KINDS[language], PLACES[language]
    made = (opening.format(dice.choice(kinds), dice.choice(places), s) for s in sentences)
    return events("".join(made)[: SAID[language]])


def chosen(body: bytes) -> str:
    if b"zqpii" in body:
        return "pii"
    return "zh" if b"\xe3\x80\x82" in body else "en"  # a Chinese full stop


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as the proxies under test use it."""

    def __init__(self) -> None:
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.task:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, rest = self.buffer[:end], self.buffer[end + 4 :]
            taken = self.body(head, rest)
            if taken is None:
                return
            body, self.buffer = taken
            self.answer(head, body)

    def body(self, head: bytes, rest: bytes) -> tuple[bytes, bytes] | None:
        """(body, what follows it), None while it is not all there."""
        if found := _LENGTH.search(head):
            size = int(found[1])
            return (rest[:size], rest[size:]) if len(rest) >= size else None
        return dechunked(rest) if _CHUNKED.search(head) else (b"", rest)

    def answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if method == b"GET":
            self.transport.write(reply(administration(target.decode())))
        elif not _STREAM.search(body):
            self.transport.write(WHOLE[chosen(body)])
        elif not gap_ms:
            self.transport.write(AT_ONCE[chosen(body)])
        else:
            found = _TAG.search(body)
            tag, name = found[1].decode() if found else "", chosen(body)
            said_anew = b"zqfresh" in body and name in OPENING
            items = fresh(name, tag) if said_anew else STREAM[name]
            self.task = asyncio.ensure_future(self.stream(items, tag))

    async def stream(self, items: Events, tag: str) -> None:
        """On a fixed schedule, so that a slow moment does not add up."""
        self.transport.write(HEAD)
        start, log = time.monotonic(), []
        for number, (data, size) in enumerate(items):
            wait = start + number * gap_ms / 1000 - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            log.append((time.monotonic_ns(), size))
            self.transport.write(data)
        self.transport.write(DONE)
        sent[tag] = log
        while len(sent) > KEPT_LOGS:
            sent.popitem(last=False)


def dechunked(rest: bytes) -> tuple[bytes, bytes] | None:
    at, parts = 0, list[bytes]()
    while (line := rest.find(b"\r\n", at)) >= 0:
        size = int(rest[at:line].split(b";")[0], 16)
        if len(rest) < line + size + 4:
            return None
        if size == 0:
            return b"".join(parts), rest[line + 4 :]
        parts.append(rest[line + 2 : line + 2 + size])
        at = line + size + 4
    return None


def administration(target: str) -> bytes:
    global gap_ms
    url = urlsplit(target)
    asked = dict(parse_qsl(url.query))
    match url.path:
        case "/_cfg":
            gap_ms = float(asked.get("gap", gap_ms))
            return b"{}"
        case "/_sent":
            return json.dumps(sent.get(asked.get("tag", ""), [])).encode()
        case _:
            return orjson.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9100)
    port = parser.parse_args().port
    loop = asyncio.get_running_loop()
    async with await loop.create_server(Connection, "127.0.0.1", port, backlog=1024) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
