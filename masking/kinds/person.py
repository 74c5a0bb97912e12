"""Kinds that belong to one person."""

import re

from masking import stripes
from masking.check_digits import RESIDENT_ID
from masking.kinds._contract import define, of_shape, with_check_digit
from masking.kinds._patterns import DAY, PROVINCE
from masking.operators.bucket import Bucket
from masking.operators.keep import Keep
from masking.operators.surname import Surname
from masking.operators.year import Year
from masking.shapes import HAN, UNSEEN, DigitShape, Seen
from masking.stripes import Places, among

# 9 in the first place: permanent residents from abroad.
_PLACE = f"(?:{PROVINCE}|9[0-9])"
_RESIDENT_ID = DigitShape(
    f"{_PLACE}[0-9]{{4}}{DAY}[0-9]{{3}}[0-9Xx]",
    letters=b"Xx",
    places=Places(
        18,
        {
            0: among(number for number in range(100) if re.fullmatch(_PLACE, f"{number:02}")),
            6: among((18, 19, 20)),
            10: stripes.MONTH,
            12: stripes.DAY,
        },
    ),
)

KINDS = (
    define(
        "person_name",
        "name of a person",
        "姓名",
        partial=Surname(),
        # no digits and no signs: a number in a name column is some other thing
        misfits=of_shape(
            rf"[\u4e00-\u9fff]{{2,4}}"
            rf"|(?! )[^{UNSEEN}0-9\uff10-\uff19!\"#$%&*+/:;<=>?@\[\\\]^_`{{|}}~]{{1,50}}"
        ),
    ),
    define(
        "resident_id",
        "resident identity number",
        "身份证号",
        partial=Keep(prefix=3, suffix=4),
        identifier=True,
        contains=("region", "birth_date", "sex"),
        misfits=with_check_digit(_RESIDENT_ID, RESIDENT_ID),
        canonical=str.upper,
        source="GB 11643-1999",
    ),
    define(
        "mobile",
        "mobile telephone number",
        "手机号",
        partial=Keep(prefix=3, suffix=4),
        identifier=True,
        misfits=of_shape("1[3-9][0-9]{9}"),
        source="YD/T 3952",
    ),
    define(
        "landline",
        "landline telephone number",
        "固定电话",
        partial=Keep(suffix=4),
        identifier=True,
        misfits=of_shape(
            "(?:0[0-9]{2,3}[- ]?)?[2-9][0-9]{6,7}(?:-[0-9]{1,6})?|[48]00-?[0-9]{3}-?[0-9]{4}"
        ),
    ),
    define(
        "email",
        "e-mail address",
        "电子邮箱",
        # not the domain: one of one's own names its owner
        partial=Keep(prefix=1),
        identifier=True,
        misfits=of_shape(
            "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,8}[A-Za-z]{2,63}"
        ),
        canonical=str.lower,
        source="RFC 5321",
    ),
    define(
        "address",
        "address",
        "地址",
        partial=Keep(prefix=6),
        misfits=Seen(2, 200).misfits,
    ),
    define(
        "passport",
        "passport number",
        "护照号",
        partial=Keep(prefix=1, suffix=3),
        identifier=True,
        misfits=of_shape("(?=[A-Z]{0,8}[0-9])[A-Z0-9]{6,9}"),
        source="ICAO Doc 9303",
    ),
    define("birth_date", "date of birth", "出生日期", partial=Year()),
    define("age", "age", "年龄", partial=Bucket(width=10)),
    define(
        "sex",
        "sex",
        "性别",
        misfits=of_shape(f"[0129]|[{HAN}]{{1,6}}"),
        source="GB/T 2261.1-2003",
    ),
    define(
        "marital_status",
        "marital status",
        "婚姻状况",
        misfits=of_shape(f"[1-9]0|2[123]|[{HAN}]{{2,6}}"),
        source="GB/T 2261.2-2003",
    ),
    define(
        "ethnicity",
        "ethnicity",
        "民族",
        misfits=of_shape(f"[0-9]{{2}}|[{HAN}]{{1,12}}"),
        source="GB/T 3304-1991",
    ),
    define("photo", "photograph of a person", "照片"),
)
