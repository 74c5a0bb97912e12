"""What no plan fits is refused, and neither a table nor a key is told to anybody."""

import re
import struct
import subprocess
import sys
from datetime import date
from decimal import Decimal
from hashlib import sha512

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.derive import Mac
from masking import mask_table
from masking.errors import TableInvalidError
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.keep import Keep
from masking.operators.round import Round
from masking.operators.surname import Surname
from masking.operators.year import Year
from tests.masking.engines import Field
from tests.masking.engines import engine_of as decoded_engine
from tests.masking.tables import Stream, engine_of

TOO_LARGE = 2**63 - 1


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pl.DataFrame({"n": [1], "other": ["x"]}), "other: not in the plan"),
        (pl.DataFrame({"n": [1], "13812345678": ["x"]}), "#2: not in the plan"),
        (pl.DataFrame({"n": [1], "张三": ["x"]}), "#2: not in the plan"),
        (pl.DataFrame({"n": ["13812345678"]}), "n: expected a column of whole numbers"),
        (pl.DataFrame({"n": [1.0]}), "n: expected a column of whole numbers"),
        (pl.DataFrame({"d": [13812345678.0]}), "d: expected a column of exact decimal numbers"),
        (pl.DataFrame({"t": [date(2020, 1, 1)]}), "t: expected a column of times"),
        (pl.DataFrame({"name": [date(2020, 1, 1)]}), "name: expected a column of texts"),
        (pl.DataFrame({"name": [["x"]]}), "name: expected a column of texts"),
        (pl.DataFrame({"n": [TOO_LARGE]}), "n: a masked number does not fit its column"),
        (pl.LazyFrame({"n": [1]}), "expected a polars DataFrame or an Arrow table"),
        ([{"n": 1}], "expected a polars DataFrame or an Arrow table"),
        (Stream(pa.table([[1], [2]], names=["n", "n"])), "two columns have one name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_the_plan_is_refused(frame: object, told: str) -> None:
    """By name and type, without a value."""
    engine = engine_of(
        Field("n", "integer", "general", Round(to=10)),
        Field("d", "decimal", "amount", Bucket(width=10)),
        Field("t", "datetime", "date", Year()),
        Field("name", "string", "person_name", Surname()),
    )
    with pytest.raises(TableInvalidError, match=told) as caught:
        mask_table(frame, engine)
    error = caught.value
    shown = "".join((str(error), error.message_zh, repr(error.fields)))
    assert not re.search("[0-9]{6}|张三", shown)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


BROKEN = b"\xed\xa0\x8013812345678"
FAR = pl.Series([2**31 - 1, None], dtype=pl.Int32).cast(pl.Date)


def _broken() -> pa.Array:
    ends = struct.pack("<ii", 0, len(BROKEN))
    return pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(ends), pa.py_buffer(BROKEN)])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pl.DataFrame({"day": FAR}), "day: a date before the year 1 or after 9999"),
        (
            pl.DataFrame({"day": pl.Series([-(2**63)]).cast(pl.Datetime("ms"))}),
            "day: a date before the year 1 or after 9999",
        ),
        (pa.table({"name": _broken()}), "name: bytes that are no text in UTF-8"),
        (
            pa.table({"name": pa.DictionaryArray.from_arrays([0, 0], _broken())}),
            "name: bytes that are no text in UTF-8",
        ),
        (pa.table({"name": pa.array([Decimal(1)], pa.decimal256(50))}), "cannot be read"),
    ],
)
def test_what_the_library_would_panic_at_is_refused(
    table: object, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Dates without end, bytes that say they are text, numbers without end."""
    engine = engine_of(
        Field("day", "date", "date", Clear()), Field("name", "string", "general", Keep(prefix=1))
    )
    with pytest.raises(TableInvalidError, match=told) as caught:
        mask_table(table, engine)
    assert "13812345678" not in str(caught.value) + capfd.readouterr().err
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_plan_for_decoded_columns_is_refused() -> None:
    """It would trust what nobody has checked."""
    engine = decoded_engine(Field("born", "date", "date", Year()), whole=frozenset())
    with pytest.raises(ValueError, match="without `whole`"):
        mask_table(pl.DataFrame({"born": ["13812345678"]}), engine)


def test_a_table_says_nothing_of_itself() -> None:
    """A result that is printed shows no value."""
    engine = engine_of(Field("n", "integer", "general", Clear()))
    assert "77" not in repr(mask_table(pl.DataFrame({"n": [777]}), engine))


KEY = "5ea1" * 16


def test_an_expression_shows_no_key() -> None:
    """Nor does its plan, or what polars says of a column it cannot hash."""
    hashed = Mac(KEY.encode()).hex_expression()
    assert hashed is not None
    expression = hashed(pl.col("x"))
    frame = pl.DataFrame({"x": [1]})
    with pytest.raises(pl.exceptions.ComputeError) as caught:
        frame.select(expression)
    lazy = frame.lazy().select(expression)
    shown = [repr(hashed), repr(expression), str(expression), str(caught.value), repr(lazy)]
    shown += [lazy.explain(), lazy.explain(optimized=False), repr(expression.meta.root_names())]
    shown += [expression.meta.tree_format(return_as_string=True) or "", repr(Mac(KEY.encode()))]
    assert not any(KEY[:8] in text for text in shown)


@given(
    key=st.binary(max_size=100)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_a_column_is_hashed_as_its_texts_are(key: bytes) -> None:
    """Short keys and long, with a zero byte or none; what is no text is no key of a column."""
    mac, texts = Mac(key), ["", "王芳", "\x00", "a" * 200]
    hashed = mac.hex_expression()
    try:
        key.decode()
    except UnicodeDecodeError:
        assert hashed is None
        return
    assert hashed is not None
    found = pl.DataFrame({"x": texts}).select(hashed(pl.col("x")))["x"].to_list()
    assert found == mac.hex_column(texts, 64)


def test_another_hash_has_no_expression() -> None:
    """The kernel does it."""
    assert Mac(b"k", sha512).hex_expression() is None


WITHOUT = """
import sys
sys.modules["{module}"] = None
import masking
from masking.errors import ExtraMissingError
try:
    masking.mask_table([], None)
except ExtraMissingError as error:
    print(error)
"""


@pytest.mark.parametrize("module", ["polars", "polars_hash"])
def test_without_the_extra_it_says_so(module: str) -> None:
    """And how to install it; the package itself is there."""
    code = WITHOUT.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "EXTRA_MISSING: masking tables" in done.stdout
    assert "sealgate[tables]" in done.stdout


def test_importing_masking_loads_no_polars() -> None:
    """Nor the engine's operators."""
    code = "import sys, masking, masking.engine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polars", "polars_hash", "pyarrow", "numpy"} & set(done.stdout.split())
