"""The order in which the texts of an answer are released: that of their arrival.

A ruling on one text ends the whole answer. What has been released by then must not depend on which
verdict arrived first, so a piece of text is released only when all pieces before it, of any text,
are decided.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from threegate.wire.adapter import StreamKey


@dataclass(slots=True)
class Piece:
    """A piece of one text, up to the position `to`, or its end: one position after the last."""

    key: StreamKey
    to: int


@dataclass(slots=True)
class ReleaseOrder:
    """The pieces that are not decided yet; consecutive pieces of one text count as one."""

    _pieces: deque[Piece] = field(default_factory=deque)
    _passed: dict[StreamKey, int] = field(default_factory=dict)

    @property
    def head(self) -> Piece | None:
        """The piece to decide next."""
        return self._pieces[0] if self._pieces else None

    @property
    def alone(self) -> bool:
        """Whether no piece is waiting."""
        return len(self._pieces) <= 1

    def arrived(self, key: StreamKey, to: int) -> Piece | None:
        """A text has arrived up to `to`. Returns the piece that must stop here if this one is the
        first after it."""
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.key == key:
            last.to = to
            return None
        self._pieces.append(Piece(key, to))
        return last if len(self._pieces) == 2 else None

    def next(self) -> Piece | None:
        """Removes the decided head and returns the next piece, if any."""
        done = self._pieces.popleft()
        self._passed[done.key] = done.to
        return self.head

    def forget(self, key: StreamKey) -> None:
        """The text has ended and has been released."""
        self._passed.pop(key, None)

    def before(self, key: StreamKey, end: int) -> dict[StreamKey, int]:
        """How far each text had arrived when position `end` of this one arrived."""
        come = dict(self._passed)
        for piece in self._up_to(key, end):
            come[piece.key] = piece.to
        return come

    def _up_to(self, key: StreamKey, end: int) -> Iterator[Piece]:
        for piece in self._pieces:
            if piece.key == key and piece.to >= end:
                return
            yield piece
