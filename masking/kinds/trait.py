"""Kinds of what is true of many people: entries of code lists, as code or by name."""

from masking.kinds._contract import Kind, define, of_shape
from masking.kinds._patterns import NAMED
from masking.operators.keep import Keep
from masking.shapes import HAN


def _listed(name: str, title: str, title_zh: str, *, codes: str, source: str, example: str) -> Kind:
    """Make a kind of a code list: too few values for a mask or a pseudonym."""
    return define(
        name,
        title,
        title_zh,
        example=example,
        shape=of_shape(f"{codes}|{NAMED}"),
        source=source,
    )


KINDS = (
    define(
        "sex",
        "sex",
        "性别",
        example="女",
        shape=of_shape(f"[0129]|[{HAN}]{{1,6}}"),
        source="GB/T 2261.1-2003",
    ),
    define(
        "marital_status",
        "marital status",
        "婚姻状况",
        example="已婚",
        shape=of_shape(f"[1-9]0|2[123]|[{HAN}]{{2,6}}"),
        source="GB/T 2261.2-2003",
    ),
    define(
        "ethnicity",
        "ethnicity",
        "民族",
        example="汉族",
        shape=of_shape(f"[0-9]{{2}}|[{HAN}]{{1,12}}"),
        source="GB/T 3304-1991",
    ),
    _listed(
        "health_status",
        "state of health",
        "健康状况",
        codes="[1-9][0-9]?",
        example="健康或良好",
        source="GB/T 2261.3-2003",
    ),
    _listed(
        "employment_status",
        "employment status",
        "从业状况",
        codes="[1-9][0-9]",
        example="专业技术人员",
        source="GB/T 2261.4-2003",
    ),
    _listed(
        "education",
        "level of education",
        "学历",
        codes="[1-9][0-9]",
        example="大学本科",
        source="GB/T 4658-2006",
    ),
    _listed(
        "degree",
        "academic degree",
        "学位",
        codes="[1-4](?:[0-9]{2})?",
        example="工学学士",
        source="GB/T 6864-2003",
    ),
    _listed(
        "political_status",
        "political affiliation",
        "政治面貌",
        codes="0[1-9]|1[0-3]",
        example="群众",
        source="GB/T 4762-1984",
    ),
    _listed(
        "family_relation",
        "relation within a family",
        "家庭关系",
        codes="[0-9]{1,2}",
        example="配偶",
        source="GB/T 4761-2008",
    ),
    _listed(
        "occupation",
        "occupation",
        "职业",
        codes="[1-8XY](?:[0-9]{2}){0,2}",
        example="小学教师",
        source="GB/T 6565-2015",
    ),
    _listed(
        "disability",
        "sort and degree of a disability",
        "残疾类别",
        codes="[1-7][1-4]?",
        example="肢体残疾",
        source="GB/T 26341-2010",
    ),
    define(
        "diagnosis",
        "code of a diagnosis",
        "疾病诊断代码",
        example="I10.x00",
        # the chapter, more or less: the next two characters name the disease
        partial=Keep(prefix=1),
        shape=of_shape("[A-Z][0-9]{2}(?:\\.[0-9x][0-9]{0,3})?[+*]?"),
        source="GB/T 14396-2016",
    ),
    _listed(
        "country",
        "country or territory",
        "国家和地区",
        codes="[A-Z]{2,3}|[0-9]{3}",
        example="CHN",
        source="GB/T 2659.1-2022",
    ),
)
