"""Arguments of tool calls in a stream: read as plain text, written back in their original
spelling."""

from __future__ import annotations

from threegate.wire.adapter import Delta, StreamKey
from threegate.wire.jsontext import JsonSpelling, JsonTextReader


class ArgumentStreams:
    """Readers and writers of streamed JSON text, one pair per key."""

    __slots__ = ("_readers", "_spellings")

    def __init__(self) -> None:
        self._readers: dict[StreamKey, JsonTextReader] = {}
        self._spellings: dict[StreamKey, JsonSpelling] = {}

    def read(self, key: StreamKey, fragment: str) -> Delta:
        reader = self._readers.get(key)
        if reader is None:
            reader = self._readers[key] = JsonTextReader()
        return self._delta(key, reader, reader.feed(fragment))

    def close(self, key: StreamKey) -> Delta | None:
        """The escape sequence left open at the end of the arguments."""
        reader = self._readers.get(key)
        if reader is None or not (text := reader.close()):
            return None
        return self._delta(key, reader, text)

    def _delta(self, key: StreamKey, reader: JsonTextReader, text: str) -> Delta:
        self._spelling(key).read(reader.units)
        return Delta(key, text)

    def _spelling(self, key: StreamKey) -> JsonSpelling:
        return self._spellings.setdefault(key, JsonSpelling())

    def __contains__(self, key: StreamKey) -> bool:
        return key in self._readers

    def write(self, key: StreamKey, text: str) -> str:
        return self._spelling(key).write(text)
