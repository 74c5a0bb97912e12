"""Organisations of a batch: name, credit code and what sort they are."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from gateway.model.resource import Field, Resource
from gateway.sample import identifiers
from gateway.sample.chance import Draw, Streams, pick
from gateway.sample.regions import Place
from gateway.sample.roles import HOSPITAL, PERSONS, Role
from gateway.sample.words import words


class Form(NamedTuple):
    """What organisations of one prefix of the credit code are called behind their place."""

    brands: tuple[str, ...]
    trades: tuple[str, ...]
    endings: tuple[str, ...]


class Sort(NamedTuple):
    """A sort of organisation; `streams` are those that all of its kind draw on.

    `forms` go by the first two digits of the credit code (GB 32100): registering
    body and kind. Streams are called by the resource that lists the sort; `homes`
    by whose places they are: businesses and hospitals stand where people live.
    """

    streams: str
    homes: str
    forms: dict[str, Form]


_BRANDS, _TRADES, _GOODS = words("brands"), words("trades"), words("goods")
_SOCIAL = Sort(
    "3070010020001/000002",
    "3070010020001/000002",
    {
        "51": Form(_BRANDS, _TRADES, ("协会", "商会", "促进会", "学会", "联合会")),
        "52": Form(_BRANDS, _TRADES, ("服务中心", "养老院", "幼儿园", "培训学校")),
        "53": Form(_BRANDS, _TRADES, ("基金会",)),
    },
)
_BUSINESS = Sort(
    "1020010010001/000001",
    PERSONS,
    {
        "91": Form(_BRANDS, _GOODS, ("有限公司", "股份有限公司", "商贸有限公司", "科技有限公司")),
        "92": Form(_BRANDS, ("",), ("便利店", "餐饮店")),
    },
)
_MEDICAL = Sort(
    "2020020010001/000003",
    PERSONS,
    {
        "12": Form(
            words("ordinals"), ("",), ("人民医院", "中医医院", "妇幼保健院", "社区卫生服务中心")
        ),
        "52": Form(_BRANDS, ("",), ("医院", "康复医院", "门诊部")),
    },
)
# A unit (单位) may be any employer; one that does something official is an office.
_OFFICE = re.compile(
    "机关|机构|部门|办理处|登记处|(?:主管|登记|发证|颁发|签发|承办|管理|经办|审批|受理)单位"
)
_OFFICE_WORDS = frozenset({"office", "authority", "agency", "bureau", "department", "registry"})
_PLACE = re.compile(r"^.*?(?:自治区|自治州|特别行政区|省|市|盟|县|旗|区)")
_DEFAULT_OFFICE = "行政审批服务管理局"


def sort_of(resource: Resource, role: Role) -> Sort:
    """Return the sort that a role's organisations in a resource are of."""
    if role.name == HOSPITAL.name or "医疗机构" in resource.name:
        return _MEDICAL
    return _SOCIAL if "社会组织" in resource.name + resource.abstract else _BUSINESS


class Organisations:
    """One organisation of a sort to a row."""

    def __init__(self, streams: Streams, sort: Sort, places: Sequence[Place]) -> None:
        self._streams, self._sort, self.places = streams, sort, places

    def stream(self, name: str) -> Draw:
        """Return a stream of the organisations' own, for what a matter knows of them."""
        return self._streams[name]

    @cached_property
    def prefixes(self) -> list[str]:
        """First two digits of the credit codes."""
        return pick(self._streams["kind"], tuple(self._sort.forms), len(self.places))

    @cached_property
    def credit_codes(self) -> list[str]:
        regions = [place.code for place in self.places]
        return identifiers.credit_codes(self._streams["code"], self.prefixes, regions)

    @cached_property
    def names(self) -> list[str]:
        draw, found = self._streams["name"], []
        for place, prefix in zip(self.places, self.prefixes, strict=True):
            brands, trades, endings = self._sort.forms[prefix]
            brand, trade = brands[int(draw() * len(brands))], trades[int(draw() * len(trades))]
            found.append(f"{place.name}{brand}{trade}{endings[int(draw() * len(endings))]}")
        return found


def offices(provider: str, places: Sequence[Place]) -> list[str]:
    """Return the public offices of a provider's branch in each place."""
    branch = _PLACE.sub("", provider) or _DEFAULT_OFFICE
    return [place.name + branch for place in places]


def is_office(field: Field) -> bool:
    """Tell whether a field names a public office rather than any organisation."""
    if field.name.startswith(HOSPITAL.titles):
        return False
    return bool(_OFFICE.search(field.name)) or not _OFFICE_WORDS.isdisjoint(
        field.id.lower().split("_")
    )
