"""The guard for asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, Unpack
from urllib.parse import urlsplit

from threegate.client.results import (
    CheckOptions,
    ContextOptions,
    GuardStopped,
    MaskedText,
    Message,
    Verdict,
    verdict_of,
)
from threegate.client.transport import HttpTransport, Transport


def transport_of(url: str, key: str, tenant: str, settings: dict[str, Any]) -> Transport:
    """A server if a URL is given, else this process (imported only then)."""
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must begin with http:// or https:// and name a host")
        return HttpTransport(url.rstrip("/").removesuffix("/v1"), key)
    from threegate.client.local import LocalTransport

    return LocalTransport.of(tenant, settings)


@dataclass(slots=True)
class AsyncGuard:
    """`url` and `key` of a server; without a URL the guard runs in this process, with `settings` as
    `threegate serve` takes them (`config`, `packs`, `classifiers`, `var` …) and the rest from
    environment and `threegate.yaml`. `tenant` determines whose policy applies in process. Raises
    ValueError for a wrong URL, SettingsError, and GuardError from every check that could not be
    made."""

    transport: Transport

    def __init__(
        self, url: str = "", *, key: str = "", tenant: str = "default", **settings: Any
    ) -> None:
        self.transport = transport_of(url, key, tenant, settings)

    async def check(
        self,
        text: str | None = None,
        *,
        messages: Sequence[Message] = (),
        texts: Sequence[str] = (),
        stage: str = "input",
        role: str = "user",
        channel: str = "content",
        **options: Unpack[CheckOptions],
    ) -> Verdict:
        """Judges one text, several, or a conversation. `stage`: `input` what goes to a model,
        `output` what came from it (the last assistant turn of `messages`, or the texts; turns
        before are context), `both`. `role` is that of texts at the input stage, `channel` (content,
        reasoning, tool_arguments) that of texts at the output stage."""
        body: dict[str, Any] = {"stage": stage, **options}
        if messages:
            body["messages"] = list(messages)
        if given := [*([] if text is None else [text]), *texts]:
            body |= {"texts": given, "role": role, "channel": channel}
        return verdict_of(await self.transport.check(body))

    async def mask(self, text: str, **options: Unpack[CheckOptions]) -> MaskedText:
        """The text as it may be sent to a model. Raises GuardStopped if it may not."""
        verdict = _allowed(await self.check(text, **options))
        return MaskedText(verdict.text, verdict.masks, verdict)

    async def restore(self, text: str, masks: str, **options: Unpack[ContextOptions]) -> str:
        """A model's text as it may be shown to the user: judged by the output rules, with masked
        values restored. Raises GuardStopped if it may not."""
        verdict = await self.check(text, stage="output", masks=masks, **options)
        return _allowed(verdict).text

    async def stream(
        self,
        pieces: AsyncIterable[str],
        *,
        messages: Sequence[Message] = (),
        channel: str = "content",
        **options: Unpack[CheckOptions],
    ) -> AsyncIterator[str]:
        """An answer in pieces, released as early as the rules allow. `messages` is the conversation
        so far. Raises GuardStopped if a rule ends the answer."""
        body: dict[str, Any] = {**options, "messages": list(messages)}
        async for message in self.transport.stream(body, pieces, channel):
            if "end" in message:
                _allowed(verdict_of(message["end"]))
            else:
                yield message["release"]

    async def aclose(self) -> None:
        await self.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _allowed(verdict: Verdict) -> Verdict:
    if not verdict.allowed:
        raise GuardStopped(verdict)
    return verdict
