"""Times in the visitor's time zone, which the browser names in a cookie; pages, charts, periods and
the PDF use it. Data (JSON twins, exports, the log) stay in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

ZONE_COOKIE = "threegate_zone"
SECOND_US = 1_000_000
MAX_NAME = 64


def zone_of(name: str) -> tzinfo:
    """The zone with this IANA name; UTC if it is unknown."""
    try:
        return ZoneInfo(name) if 0 < len(name) <= MAX_NAME else UTC
    except (KeyError, ValueError, OSError):  # names such as "../x" and "Asia" raise the last two
        return UTC


@dataclass(frozen=True, slots=True)
class LocalTime:
    zone: tzinfo = UTC

    def local(self, moment: str | int) -> datetime:
        """`moment`: microseconds since 1970, or ISO 8601 (UTC where it names no offset)."""
        if isinstance(moment, int):
            return datetime.fromtimestamp(moment / SECOND_US, self.zone)
        given = datetime.fromisoformat(moment)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(self.zone)

    def show(self, moment: str | int, parts: str = "minutes") -> str:
        """2026-11-29 20:04; empty for an empty moment. `parts`: day | minutes | seconds."""
        if moment == "":
            return ""
        length = {"day": 10, "minutes": 16, "seconds": 19}[parts]
        return self.local(moment).replace(tzinfo=None).isoformat(" ")[:length]

    def field(self, moment: int) -> str:
        """What a `datetime-local` field holds."""
        return self.show(moment).replace(" ", "T")

    def read(self, text: str) -> int:
        """Microseconds of a day's start or a moment; without an offset it is local. Raises
        ValueError."""
        given = datetime.fromisoformat(text)
        moment = given if given.tzinfo else given.replace(tzinfo=self.zone)
        return round(moment.timestamp() * SECOND_US)

    def title(self, moment: int) -> str:
        """Asia/Shanghai (UTC+08:00): the zone, with its offset at `moment`."""
        name = str(self.zone)
        offset = self.local(moment).isoformat()[-6:]
        return name if name == "UTC" else f"{name} (UTC{offset})"
