"""A type with something of everything, and what is read of it or wrong with it."""

import datetime
import enum
import re
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from masking.document import read
from masking.errors import DocumentInvalidError, PolicyInvalidError
from masking.examples import such_as
from masking.faults import Fault

CHINESE = re.compile("[\u4e00-\u9fff]")


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Level(enum.IntEnum):
    REFUSE = -1
    LOW = 0
    VERY_HIGH = 1


class Act(Struct, frozen=True, kw_only=True, tag_field="op", forbid_unknown_fields=True):
    pass


class Keep(Act, frozen=True, tag="keep"):
    prefix: Annotated[int, Meta(ge=0, le=100), such_as("3")]
    suffix: int = 0

    def __post_init__(self) -> None:
        if not self.prefix + self.suffix:
            raise ValueError("keep shows nothing", "什么都不保留")


class Null(Act, frozen=True, tag="null"):
    pass


class Crash(Act, frozen=True, tag="crash"):
    def __post_init__(self) -> None:
        raise TypeError


Identifier = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9-]*$",
        max_length=20,
        description="lower-case letters, digits and hyphens",
        examples=["pension-check"],
        extra={"zh": "小写字母、数字和连字符"},
    ),
]


class Rule(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    id: Identifier
    act: Level | Keep | Null | Crash = Level.LOW
    from_: datetime.date | None = None
    at: Annotated[datetime.datetime, Meta(tz=True)] | None = None
    until: datetime.date | UnsetType = UNSET
    colour: Colour | None = None
    fields: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)] = ("x",)
    ratio: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    price: Decimal | None = None
    flag: bool = False
    word: str | None = None
    either: int | str | bool | None = None


class Paper(Struct, frozen=True, kw_only=True):
    paper: str
    version: Annotated[int, Meta(ge=1)]
    grades: dict[str, Literal["clear", "nothing"] | Keep | Null] = {}
    rules: tuple[Rule, ...] = ()
    regions: frozenset[str] = frozenset()
    names: list[str] | None = None
    levels: dict[Level, int] = {}


HEAD = "paper: a\nversion: 1\n"


def paper(text: str) -> Paper:
    return read(text.encode(), Paper, file="p.yaml").value


def faults(text: str | bytes) -> tuple[Fault, ...]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(DocumentInvalidError) as caught:
        read(data, Paper, file="p.yaml", error=PolicyInvalidError)
    assert isinstance(caught.value, PolicyInvalidError)
    return caught.value.faults


def only(text: str | bytes) -> Fault:
    (fault,) = faults(text)
    return fault
