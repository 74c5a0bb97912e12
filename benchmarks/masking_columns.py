"""Measure masking, column by column, against JSON of the same records.

Ten fields, six of them masked (a surname, two kept ends, a pseudonym, a month,
an interval), every kind checked. Ratios are to `json.loads` + `json.dumps` of the
same records in the same run; only they compare between machines.

    python benchmarks/masking_columns.py
"""

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from keys.derive import Mac
from masking.check_digits import RESIDENT_ID
from masking.engine import Engine, compile_plan
from masking.operators import FieldType, Operator, Scope
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.pseudonym import Pseudonym
from masking.operators.surname import Surname
from masking.plan import FieldPlan, Plan

SIZES = (1, 10, 100, 1_000, 10_000)
FLAWED = 1_000
ROUNDS = 9
SECONDS_A_ROUND = 0.05

GIVEN = "建国芳思远伟德华娜秀英敏静强磊军洋勇艳杰"
Column = list[Any]


class Field(NamedTuple):
    """A field, how it is masked, and how a value of it is made up."""

    id: str
    type: FieldType
    kind: str
    treatment: Operator
    draw: Callable[[random.Random], object]
    format: str | None = None


def _name(dice: random.Random) -> str:
    surname = dice.choice("王李张刘陈杨赵黄周吴") if dice.random() < 0.99 else "欧阳"
    return surname + "".join(dice.choices(GIVEN, k=dice.choice((1, 2, 2))))


def _day(dice: random.Random) -> str:
    return f"{dice.randint(1930, 2020)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"


def _resident_id(dice: random.Random) -> str:
    region = dice.choice(("110101", "310104", "440305"))
    first = f"{region}{_day(dice).replace('-', '')}{dice.randint(0, 999):03}"
    return next(first + last for last in "0123456789X" if RESIDENT_ID.holds(first + last))


def _address(dice: random.Random) -> str:
    road = "".join(dice.choices(GIVEN, k=2))
    return f"北京市朝阳区{road}路{dice.randint(1, 300)}号院{dice.randint(1, 30)}楼"


FIELDS = (
    Field("name", "string", "person_name", Surname(), _name),
    Field(
        "mobile",
        "string",
        "mobile",
        Keep(prefix=3, suffix=4),
        lambda dice: f"1{dice.randint(3, 9)}{dice.randint(0, 10**9 - 1):09}",
    ),
    Field("address", "string", "address", Keep(prefix=6), _address),
    Field("id_number", "string", "resident_id", Pseudonym(), _resident_id),
    Field("issued", "date", "date", Month(), _day, "YYYY-MM-DD"),
    Field("income", "integer", "amount", Bucket(width=1000), lambda dice: dice.randint(0, 50_000)),
    Field("sex", "code", "sex", Clear(), lambda dice: dice.choice("12")),
    Field("ethnicity", "string", "ethnicity", Clear(), lambda dice: dice.choice(("汉族", "回族"))),
    Field("region", "code", "region", Clear(), lambda dice: dice.choice(("110101", "310104"))),
    Field("office", "string", "org_name", Clear(), lambda _: "某某街道办事处"),
)


def columns_of(size: int, *, flawed: bool = False) -> list[Column]:
    """Make up records; flawed ones lack 2 % of their values and have 1 % of another shape."""
    dice = random.Random(20)
    columns = [[field.draw(dice) for _ in range(size)] for field in FIELDS]
    if flawed:
        for field, column in zip(FIELDS, columns, strict=True):
            for row in dice.sample(range(size), size // 50):
                column[row] = None
            for row in dice.sample(range(size), size // 100) if field.type == "string" else ():
                column[row] = "买买提·艾力" if field.kind == "person_name" else "不详\t"
    return columns


def engine_for(fields: Sequence[Field]) -> Engine:
    """Compile a plan that treats each field as it says."""
    planned = tuple(
        FieldPlan(
            id=field.id,
            treatment=field.treatment,
            disclosure=field.treatment.disclosure,
            output_type=field.treatment.output_type(field.type),
            layer="policy",
            rule="benchmark",
            reason="",
            reason_zh="",
        )
        for field in fields
    )
    plan = Plan(fields=planned, valid_until=None, policy="benchmark", policy_version=1)
    scope = Scope(requester="r", purpose="p", resource="s")
    return compile_plan(plan, fields, lambda context: Mac(b"k" * 32 + context), scope)


def microseconds(work: Callable[[], object]) -> float:
    """Return the best time of one call."""
    calls, best = 1, 0.0
    while (taken := _time(work, calls)) < SECONDS_A_ROUND:
        calls = max(calls * 2, int(calls * SECONDS_A_ROUND / max(taken, 1e-9)))
    best = min(_time(work, calls) for _ in range(ROUNDS))
    return best / calls * 1e6


def _time(work: Callable[[], object], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        work()
    return perf_counter() - start


def json_of(columns: Sequence[Column]) -> float:
    """Return what reading and writing the records as JSON takes."""
    names = [field.id for field in FIELDS]
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    text = json.dumps(records, ensure_ascii=False)
    return microseconds(lambda: json.dumps(json.loads(text), ensure_ascii=False))


def print_batches() -> None:
    """Print what a record costs in batches of several sizes, and in one with flaws."""
    engine = engine_for(FIELDS)
    print(f"{'records':>8} {'a record':>10} {'JSON':>10} {'mask/JSON':>10}")
    batches = [(str(size), columns_of(size)) for size in SIZES]
    batches.append(("flawed", columns_of(FLAWED, flawed=True)))
    for name, columns in batches:
        size = len(columns[0])
        assert bool(engine.mask(columns).findings) == (name == "flawed")
        taken = microseconds(partial(engine.mask, columns))
        reference = json_of(columns)
        print(
            f"{name:>8} {taken / size:7.3f} µs {reference / size:7.3f} µs {taken / reference:10.2f}"
        )


def print_fields() -> None:
    """Print what a value of each field costs, its kind's check and its operator together."""
    columns = columns_of(FLAWED)
    reference = json_of(columns)
    print(f"\n{'field':>10} {'kind':>12} {'operator':>10} {'a value':>10} {'of JSON':>8}")
    for field, column in zip(FIELDS, columns, strict=True):
        taken = microseconds(partial(engine_for([field]).mask, [column]))
        print(
            f"{field.id:>10} {field.kind:>12} {field.treatment.name:>10} "
            f"{taken / len(column):7.3f} µs {taken / reference:8.1%}"
        )


if __name__ == "__main__":
    print_batches()
    print_fields()
