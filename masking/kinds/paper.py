"""Kinds of numbers that stand on a person's papers."""

import re

from masking import stripes
from masking.check_digits import RESIDENT_ID
from masking.kinds._contract import define, of_shape, with_check_digit
from masking.kinds._patterns import PLACE, PROVINCE
from masking.kinds._patterns import RESIDENT_ID as RESIDENT_ID_PATTERN
from masking.operators.keep import Keep
from masking.shapes import DigitShape, Seen, Shape
from masking.stripes import Places, among

_WIDTH = 18
_RESIDENT_ID = DigitShape(
    RESIDENT_ID_PATTERN,
    letters=b"Xx",
    places=Places(
        _WIDTH,
        {
            0: among(number for number in range(100) if re.fullmatch(PLACE, f"{number:02}")),
            6: among((18, 19, 20)),
            10: stripes.MONTH,
            12: stripes.DAY,
        },
    ),
)


def _resident_id(certificate: str) -> str:
    return certificate[:_WIDTH]


KINDS = (
    define(
        "resident_id",
        "resident identity number",
        "身份证号",
        example="11010519491231002X",
        partial=Keep(prefix=3, suffix=4),
        identifier=True,
        contains=("region", "birth_date", "sex"),
        shape=with_check_digit(_RESIDENT_ID, RESIDENT_ID),
        canonical=str.upper,
        source="GB 11643-1999",
    ),
    define(
        "passport",
        "passport number",
        "护照号",
        example="E12345678",
        partial=Keep(prefix=1, suffix=3),
        identifier=True,
        shape=of_shape("(?=[A-Z]{0,8}[0-9])[A-Z0-9]{6,9}"),
        source="ICAO Doc 9303",
    ),
    define(
        "travel_permit",
        "permit to travel between the mainland, Hong Kong, Macao and Taiwan",
        "通行证号",
        example="H12345678",
        partial=Keep(prefix=1, suffix=3),
        identifier=True,
        # of people from Hong Kong and Macao, from Taiwan, and of those who go there;
        # two further digits count the cards issued
        shape=of_shape("[HM][0-9]{8}(?:[0-9]{2})?|[0-9]{8}(?:[0-9]{2})?|[CLTW][0-9A-Z][0-9]{7}"),
        source="ICAO Doc 9303",
    ),
    define(
        "disability_certificate",
        "number of a disability certificate",
        "残疾人证号",
        example="11010519491231002X43",
        partial=Keep(prefix=3),
        identifier=True,
        contains=("resident_id", "region", "birth_date", "sex", "disability"),
        # a resident identity number, sort and degree, and B with a digit on one issued again
        shape=with_check_digit(
            Shape(f"{RESIDENT_ID_PATTERN}[1-7][1-4](?:B[0-9])?"), RESIDENT_ID, _resident_id
        ),
        canonical=str.upper,
        source="GB 11643-1999, GB/T 26341-2010",
    ),
    define(
        "marriage_certificate",
        "number of a marriage or divorce certificate",
        "婚姻登记证字号",
        example="J110105-2020-000123",
        partial=Keep(suffix=3),
        identifier=True,
        contains=("region", "date"),
        shape=of_shape(f"B?[JL]{PROVINCE}[0-9]{{4}}-(?:19|20)[0-9]{{2}}-[0-9]{{6}}"),
        source="民发〔2015〕230号",
    ),
    define(
        "document_number",
        "number of a document",
        "证照编号",
        example="A-2024-000123",
        partial=Keep(prefix=2, suffix=2),
        identifier=True,
        shape=Seen(2, 64).misfits,
    ),
)
