"""Say how many in English: one of a thing, or several."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 value`, `2 values`, `1,000 entries`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
