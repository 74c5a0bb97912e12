"""Kinds that belong to an organisation."""

from masking.check_digits import BUSINESS_REGISTRATION, ORG_CODE, USCC, USCC_ALPHABET
from masking.kinds._contract import define, of_shape, with_check_digit
from masking.kinds._patterns import NAMED, PROVINCE
from masking.operators.keep import Keep
from masking.shapes import Seen, Shape


def _org_code(value: str) -> str:
    """Return an organisation code without its hyphen, the check character X as its value A."""
    return value[:8] + value[-1].replace("X", "A")


KINDS = (
    define(
        "uscc",
        "unified social credit code",
        "统一社会信用代码",
        example="91110000600037341L",
        partial=Keep(prefix=4, suffix=4),
        identifier=True,
        contains=("region", "org_code"),
        shape=with_check_digit(
            Shape(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}"), USCC
        ),
        source="GB 32100-2015",
    ),
    define(
        "org_code",
        "organisation code",
        "组织机构代码",
        example="60003734-1",
        partial=Keep(prefix=2, suffix=2),
        identifier=True,
        shape=with_check_digit(Shape("[0-9A-Z]{8}-?[0-9X]"), ORG_CODE, _org_code),
        source="GB 11714-1997",
    ),
    define(
        "business_registration",
        "business registration number",
        "工商注册号",
        example="140105000012349",
        partial=Keep(prefix=4, suffix=4),
        identifier=True,
        contains=("region",),
        # 100000 is the national register
        shape=with_check_digit(Shape(f"(?:{PROVINCE}|10)[0-9]{{13}}"), BUSINESS_REGISTRATION),
        source="GS 15-2006",
    ),
    define(
        "org_name",
        "name of an organisation",
        "单位名称",
        example="青岚市示例科技有限公司",
        partial=Keep(prefix=3),
        identifier=True,
        shape=Seen(2, 200).misfits,
    ),
    define(
        "industry",
        "branch of industry",
        "行业",
        example="A0111",
        partial=Keep(prefix=1),
        shape=of_shape(f"[A-T](?:[0-9]{{2,4}})?|[0-9]{{2,4}}|{NAMED}"),
        source="GB/T 4754-2017",
    ),
)
