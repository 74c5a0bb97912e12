"""Times as people and programs read them."""

from datetime import UTC, date, datetime, timedelta

# Days of quotas and policies are those of the whole country: UTC+8.
_CHINA = timedelta(hours=8)


def utc(seconds: int) -> str:
    """Spell Unix seconds as an RFC 3339 time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(now: int) -> date:
    """Return the day in China at `now`, Unix milliseconds."""
    return (datetime.fromtimestamp(now // 1000, UTC) + _CHINA).date()
