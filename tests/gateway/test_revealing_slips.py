"""Slips of whoever asks for values: they show nothing, and stand in nobody's way."""

from pathlib import Path

import pytest

from gateway.cli.reveal import _lines
from gateway.testing import MemoryCity
from keys.derive import Mac
from masking.operators import tried
from masking.operators.fpe import Fpe
from tests.gateway.test_revealing import ID, asked, given, refused, revealing, world


@pytest.fixture
def city() -> MemoryCity:
    """Make a city whose provider gives tokens."""
    return world()


@pytest.mark.parametrize("option", ["requester", "resource"])
@pytest.mark.parametrize("value", [ID, "370102199001011231"])
def test_a_value_in_the_place_of_a_code_is_not_shown(
    city: MemoryCity, option: str, value: str
) -> None:
    """An identity number is spelled like a department's code, and like a resource's."""
    token = given(city, resident_id=ID)["resident_id"]
    error = refused(city, asked(city, token, **{option: value}), "REQUEST_MALFORMED")
    entry = repr(city.provider.ledger.entries[-1])
    assert not any(value in shown for shown in (str(error), error.message_zh, entry))


def test_a_reason_may_have_the_space_of_chinese_text(city: MemoryCity) -> None:
    """It is entered as it was written."""
    token = given(city, resident_id=ID)["resident_id"]
    reason = "核对\u3000来信"
    revealing(city).reveal(asked(city, token, reason=reason))
    assert city.provider.ledger.entries[-1].private.detail == reason


def test_a_blank_at_the_end_of_a_file_belongs_to_the_value(tmp_path: Path) -> None:
    """Without it the format is another, and another value would come back."""
    pytest.importorskip("fastfpe")
    (shown,) = tried(Fpe(), "1234567 ", mac=lambda context: Mac(b"key" + context))
    file = tmp_path / "tokens.txt"
    file.write_text(f"{shown}\n{shown}\r\n\n", "utf-8")
    assert _lines(file) == [shown, shown]
    assert shown.endswith(" ")
