"""Organisations of a batch: name, credit code and what kind they are."""

import re
from collections.abc import Sequence
from functools import cached_property

from gateway.model.resource import Field, Resource
from gateway.sample import identifiers
from gateway.sample.chance import Streams, pick
from gateway.sample.regions import Place
from gateway.sample.words import words

Kinds = tuple[tuple[str, tuple[str, ...]], ...]

# By the first two digits of the credit code (GB 32100): registering body and kind.
_SOCIAL: Kinds = (
    ("51", ("协会", "商会", "促进会", "学会", "联合会")),
    ("52", ("服务中心", "养老院", "幼儿园", "培训学校")),
    ("53", ("基金会",)),
)
_BUSINESS: Kinds = (
    ("91", ("有限公司", "股份有限公司", "商贸有限公司", "科技有限公司")),
    ("92", ("便利店", "餐饮店")),
)
_BRANDS, _TRADES = words("brands"), words("trades")
_OFFICE = re.compile("机关|机构|部门|单位|办理处|登记处")
_OFFICE_WORDS = frozenset({"office", "authority", "agency", "bureau", "department", "registry"})
_PLACE = re.compile(r"^.*?(?:自治区|自治州|特别行政区|省|市|盟|县|旗|区)")
_DEFAULT_OFFICE = "行政审批服务管理局"


class Organisations:
    """One organisation to a row; social ones where the resource is about such."""

    def __init__(self, streams: Streams, resource: Resource, places: Sequence[Place]) -> None:
        self._streams, self._places = streams, places
        self._kinds = _SOCIAL if "社会组织" in resource.name + resource.abstract else _BUSINESS
        self._provider = resource.provider.name

    @cached_property
    def prefixes(self) -> list[str]:
        """First two digits of the credit codes."""
        shares = [prefix for prefix, _ in self._kinds]
        return pick(self._streams["kind"], shares, len(self._places))

    @cached_property
    def credit_codes(self) -> list[str]:
        regions = [place.code for place in self._places]
        return identifiers.credit_codes(self._streams["code"], self.prefixes, regions)

    @cached_property
    def names(self) -> list[str]:
        draw = self._streams["name"]
        endings, found = dict(self._kinds), []
        for place, prefix in zip(self._places, self.prefixes, strict=True):
            ending = endings[prefix]
            brand, trade = _BRANDS[int(draw() * len(_BRANDS))], _TRADES[int(draw() * len(_TRADES))]
            found.append(f"{place.name}{brand}{trade}{ending[int(draw() * len(ending))]}")
        return found

    @cached_property
    def offices(self) -> list[str]:
        """Public offices of the provider's branch in each row's place."""
        branch = _PLACE.sub("", self._provider) or _DEFAULT_OFFICE
        return [place.name + branch for place in self._places]


def is_office(field: Field) -> bool:
    """Tell whether a field names a public office rather than any organisation."""
    return bool(_OFFICE.search(field.name)) or not _OFFICE_WORDS.isdisjoint(
        field.id.lower().split("_")
    )
