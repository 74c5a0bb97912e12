"""Times as people and programs read them."""

from datetime import UTC, date, datetime

# Seconds by which the clocks of honest nodes may differ.
MAX_SKEW = 60
# Days of quotas and policies are those of the whole country: UTC+8.
_CHINA_SECONDS = 8 * 3600
_EPOCH = date(1970, 1, 1).toordinal()


def utc(seconds: int) -> str:
    """Spell Unix seconds as an RFC 3339 time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_number(now: int) -> int:
    """Count the days in China from 1970 to `now`, Unix milliseconds."""
    return (now // 1000 + _CHINA_SECONDS) // 86_400


def day_of(now: int) -> date:
    """Return the day in China at `now`, Unix milliseconds."""
    return date.fromordinal(_EPOCH + day_number(now))
