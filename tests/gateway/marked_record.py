"""A record whose values can be told from anything else, and what must not show them."""

import base64
from typing import Any

from gateway.model.call import SealRequest
from gateway.testing import MemoryCity
from tests.gateway.marks import Marks, Net

PHOTO = b"MARK-PHOTO-4711" * 3
# A record whose values can be told from anything else; `name` fits its type, not its kind.
RECORD: dict[str, Any] = {
    "name": "MARKNAME4711",
    "resident_id": "140926196210031157",
    "sex": "1",
    "birth_date": "19621003",
    "ethnicity": "01",
    "marital_status": "21",
    "region": "140926",
    "address": "山西省忻州市静乐县标记乡标记村MARKADDRESS4711号",
    "mobile": "18869401965",
    "bank_card": "6222024711471147118",
    "monthly_income": "47114711.47",
    "household_size": 5,
    "disabled": False,
    "category": "03",
    "approved_date": "20190827",
    "valid_until": "20220826",
    "updated_at": "2021-09-06T13:55:09",
    "home_location": "112.797250,38.414642",
    "visit_note": "MARKNAME4711本人电话18869401965，"
    "证号140926196210031157，卡号6222024711471147118",
    "photo": base64.b64encode(PHOTO).decode(),
}
FIELDS = tuple(RECORD)
_HIDDEN = ("name", "resident_id", "address", "mobile", "bank_card", "monthly_income")
# Hidden by the policy even from the recipient.
HIDDEN = Marks(
    **{name: RECORD[name] for name in (*_HIDDEN, "home_location")},
    photo=PHOTO,
    tail="MARKADDRESS4711",
)
# Given to the recipient, and to nobody else.
CLEAR = Marks(**{name: RECORD[name] for name in ("approved_date", "valid_until", "updated_at")})
# What stands where no value should be. `_` and six digits: no name, so never repeated.
MARK = "MARKVALUE_4711471147_x"
STRAY = Marks(
    mark=MARK, half="4711471147", key="MARK键4711471147", long="7114711471147114711471147"
)


def values_in(net: Net) -> set[str]:
    return HIDDEN.found_in(net.caught) | CLEAR.found_in(net.caught) | STRAY.found_in(net.caught)


def marked_request(city: MemoryCity, *records: dict[str, Any], **changes: Any) -> SealRequest:
    changes.setdefault("grant", city.grant({"fields": FIELDS, "level": "G2"}))
    return city.request(list(records or [RECORD]), **changes)


def secrets_of(token: str) -> Marks:
    """Return the parts of a token that would let it be put together again."""
    _, claims, signature = token.split(".")
    return Marks(token=token, claims=claims[20:], signature=signature)
