"""Kinds that name a person or reach one."""

from masking.kinds._contract import Unshaped, define, of_shape
from masking.operators.bucket import Bucket
from masking.operators.keep import Keep
from masking.operators.surname import Surname
from masking.operators.year import Year
from masking.shapes import UNSEEN, Seen

KINDS = (
    define(
        "person_name",
        "name of a person",
        "姓名",
        example="欧阳明远",
        partial=Surname(),
        # GB/T 42460-2023 counts names among direct identifiers
        identifier=True,
        # no digits and no signs: a number in a name column is some other thing
        shape=of_shape(
            rf"[\u4e00-\u9fff]{{2,4}}"
            rf"|(?! )[^{UNSEEN}0-9\uff10-\uff19!\"#$%&*+/:;<=>?@\[\\\]^_`{{|}}~]{{1,50}}"
        ),
    ),
    define(
        "mobile",
        "mobile telephone number",
        "手机号",
        example="13800013800",
        partial=Keep(prefix=3, suffix=4),
        identifier=True,
        shape=of_shape("1[3-9][0-9]{9}"),
        source="ITU-T E.164",
    ),
    define(
        "landline",
        "landline telephone number",
        "固定电话",
        example="010-88001234",
        partial=Keep(suffix=4),
        identifier=True,
        shape=of_shape(
            "(?:0[0-9]{2,3}[- ]?)?[2-9][0-9]{6,7}(?:-[0-9]{1,6})?|[48]00-?[0-9]{3}-?[0-9]{4}"
        ),
        source="ITU-T E.164",
    ),
    define(
        "email",
        "e-mail address",
        "电子邮箱",
        example="wang.fang@example.com",
        # not the domain: one of one's own names its owner
        partial=Keep(prefix=1),
        identifier=True,
        shape=of_shape(
            "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,8}[A-Za-z]{2,63}"
        ),
        canonical=str.lower,
        source="RFC 5321",
    ),
    define(
        "address",
        "address",
        "地址",
        example="北京市朝阳区建国路1号院2号楼301室",
        partial=Keep(prefix=6),
        shape=Seen(2, 200).misfits,
    ),
    define(
        "birth_date",
        "date of birth",
        "出生日期",
        example="1949-12-31",
        partial=Year(),
        shape=Unshaped.BY_TYPE,
        source="GB/T 7408.1-2023",
    ),
    define("age", "age", "年龄", example="38", partial=Bucket(width=10), shape=Unshaped.BY_TYPE),
    define(
        "photo",
        "photograph of a person",
        "照片",
        example="photo-00000001.jpg",
        shape=Unshaped.NO_TEXT,
    ),
)
