"""Times as downloads write them.

`python-dateutil` reads their many forms. What it would guess is not taken: a part of the date that is not there, an
order of day and month that could be either, a zone whose short name several places have.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

MAX_TEXT = 200
"""Characters that a time has."""
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "SAST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "PKT": 5, "ICT": 7, "WIB": 7, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""Short names that mean one offset. Others, such as CST and IST, count where the class's own zone is called so."""
_NO_ZONE = re.compile(r"MON|TUE|WED|THU|FRI|SAT|SUN|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC")
_ZONE = re.compile(r"(?<![\w/])\(?([A-Z][A-Za-z_]+(?:/[\w+-]+)+|[A-Z]{3,5}|Z)\)?(?![\w/+-])")
_OFFSET = re.compile(r"(?:UTC|GMT)(?=[+-]\d)")
_KOREAN = (
    (re.compile(r"(\d{4})[년.]\s*(\d{1,2})[월.]\s*(\d{1,2})[일.]?"), r"\1-\2-\3"),
    (re.compile(r"(\d{1,2})월\s*(\d{1,2})일?,?\s*(\d{4})"), r"\3-\1-\2"),
    (re.compile(r"\(?[월화수목금토일]요일\)?"), ""),
    (re.compile(r"(오전|오후)\s*(\d{1,2}(?::?\d\d){0,2})"), r"\2 \1"),
    (re.compile(r"오전"), "AM"),
    (re.compile(r"오후"), "PM"),
)
_NO_COLON = re.compile(r"(?<![\d:])(\d{1,2})(\d\d)(?=\s*[AP]M\b)|(?<=\d{4} )(\d\d)(\d\d)$")
"""An hour in the name of a file, where no colon can be."""


def read_time(told: object, zone: tzinfo) -> datetime | None:
    """The moment that a download tells, in UTC; None where it tells none that is sure.

    Args:
        told: a text, or what YAML made of one.
        zone: of times that name none.
    """
    try:
        moment = told if isinstance(told, datetime) else _parsed(told, zone) if isinstance(told, str) else None
        if moment is None:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, LookupError, OSError):  # of a date that there is none, or a zone
        return None


def _parsed(text: str, zone: tzinfo) -> datetime | None:
    from dateutil import parser  # of the extra that a batch needs

    text = _OFFSET.sub("", text.strip()[:MAX_TEXT])
    for pattern, plain in _KOREAN:
        text = pattern.sub(plain, text)
    text = _NO_COLON.sub(lambda found: ":".join(part for part in found.groups() if part), text)
    named = next((one for one in _ZONE.finditer(text) if not _NO_ZONE.fullmatch(one[1])), None)
    if named:
        text = text.replace(named[0], " ")
    first, second = (datetime(2000 + n, 1 + n, 1 + n, n) for n in (0, 4))  # what is not told is filled from them
    moment = parser.parse(text, default=first)
    day_first = parser.parse(text, default=first, dayfirst=not re.match(r"\d{4}", text))
    if moment != day_first or moment != parser.parse(text, default=second):
        return None
    return _placed(moment, named[1], zone) if named else moment


def _placed(moment: datetime, name: str, zone: tzinfo) -> datetime | None:
    """A time of a zone that is named."""
    if "/" in name:
        return moment.replace(tzinfo=ZoneInfo(name))
    if name in _HOURS:
        return moment.replace(tzinfo=timezone(timedelta(hours=_HOURS[name])))
    own = moment.replace(tzinfo=zone)
    return own if own.tzname() == name else None
