"""Put a label from a table in the place of a value."""

from collections import Counter
from math import inf, log10
from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Kernel, Operator

Text = Annotated[str, Meta(min_length=1, max_length=64)]

# A longer table is a copy of the data.
MAX_ENTRIES = 256


class Mapping(Operator, frozen=True, kw_only=True):
    """Give the label that `table` has for a value, and `otherwise` for any other.

    A value that is its own label comes back as it is; one that has a label to
    itself can be told from it. Labels that several values share are what hides
    them. The table stays with the provider: manifests do not repeat it.

    >>> levels = {"三级甲等": "三级", "三级乙等": "三级", "二级甲等": "二级", "二级乙等": "二级"}
    >>> tried(Mapping(table=levels, otherwise="其他"), "三级乙等", "二级甲等", "一级甲等")
    ['三级', '二级', '其他']
    """

    name = "mapping"
    title = "mapping table"
    title_zh = "映射表"
    description_zh: ClassVar[str] = (
        "按 table 将值替换为标签，表中没有的值替换为 otherwise。"
        "标签与值相同的原样输出；独占一个标签的值可由标签认出，多个值共用一个标签才有遮盖作用。"
        "映射表只留在提供方，清单中不列出。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    table: Annotated[dict[Text, Text], Meta(min_length=1, max_length=MAX_ENTRIES)]
    otherwise: Text = HIDDEN

    def shown(self) -> float:
        """Count everything where a value has a label to itself, else the labels."""
        sharing = Counter(self.table.values())
        alone = any(
            sharing[label] == 1 and label != self.otherwise for label in self.table.values()
        )
        return inf if alone else log10(len(sharing | {self.otherwise: 1}))

    def gives_back(self, value: object) -> bool:
        return isinstance(value, str) and self.table.get(value, self.otherwise) == value

    def kernel(self, _bind: Binding) -> Kernel:
        label_of, otherwise = self.table.get, self.otherwise
        return lambda column: [label_of(value, otherwise) for value in column]

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.table.items()), self.otherwise))
