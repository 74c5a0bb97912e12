"""Kinds that belong to an organisation or to its papers."""

from masking.check_digits import USCC, USCC_ALPHABET
from masking.kinds._contract import define, with_check_digit
from masking.operators.keep import Keep
from masking.shapes import Seen, Shape

KINDS = (
    define(
        "uscc",
        "unified social credit code",
        "统一社会信用代码",
        partial=Keep(prefix=4, suffix=4),
        identifier=True,
        contains=("region",),
        misfits=with_check_digit(
            Shape(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}"), USCC
        ),
        source="GB 32100-2015",
    ),
    define(
        "org_name",
        "name of an organisation",
        "单位名称",
        partial=Keep(prefix=3),
        misfits=Seen(2, 200).misfits,
    ),
    define(
        "document_number",
        "number of a document",
        "证照编号",
        partial=Keep(prefix=2, suffix=2),
        identifier=True,
        misfits=Seen(2, 64).misfits,
    ),
)
