"""Say in which other ways a person writes a value of a record."""

import datetime
import re

from masking.surnames import COMPOUND

_CHINESE = re.compile("[\u4e00-\u9fff\u3400-\u4dbf]+")
_DATE = re.compile(r"([12][0-9]{3})([-/.]?)([0-9]{2})\2([0-9]{2})")
# What stands before the part of an address that finds a door.
_REGION = re.compile(r"[^省市区县旗州盟]{1,10}?(?:自治区|自治州|自治县|省|市|区|县|旗|州|盟)")
# A shorter rest of an address is no address any more.
_SHORTEST_ADDRESS = 6


def spellings(label: str, value: str) -> tuple[str, ...]:
    """Give `value`, folded already, and what else stands for it.

    A label that ends in 姓名 says that the value is a person's name.
    """
    if label.endswith("姓名"):
        return (value, *_given(value))
    if value[:1].isdigit():
        return (value, *_dates(value))
    return (value, *_doors(value))


def _given(name: str) -> list[str]:
    """Give what a person is called who is called `name` in full."""
    if "." in name:  # what a dot between the parts of a name is folded to
        return [part for part in name.split(".") if len(part) > 1]
    if not _CHINESE.fullmatch(name) or not 2 <= len(name) <= 4:
        return []
    given = name[2:] if name[:2] in COMPOUND and len(name) > 2 else name[1:]
    return [given] if len(given) > 1 else [f"小{given}", f"阿{given}", given * 2]


def _dates(value: str) -> list[str]:
    fits = _DATE.fullmatch(value[:10])
    if fits is None:
        return []
    year, month, day = int(fits[1]), int(fits[3]), int(fits[4])
    try:
        datetime.date(year, month, day)
    except ValueError:
        return []
    return [
        f"{year}{month:02}{day:02}",
        f"{year}年{month}月{day}日",
        f"{year}年{month:02}月{day:02}日",
        f"{year}-{month}-{day}",
    ]


def _doors(value: str) -> list[str]:
    """Give an address without each of its regions in turn."""
    rests: list[str] = []
    at = 0
    while (region := _REGION.match(value, at)) and len(value) - region.end() >= _SHORTEST_ADDRESS:
        at = region.end()
        rests.append(value[at:])
    return rests
