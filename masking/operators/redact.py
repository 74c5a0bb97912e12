"""Put one label in the place of every value."""

from typing import Annotated

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import EVERY_TYPE, HIDDEN, Binding, Kernel, Operator


class Redact(Operator, frozen=True, kw_only=True):
    """Put one label in the place of every value, absent and null ones too."""

    name = "redact"
    title = "redact"
    title_zh = "遮盖"
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    label: Annotated[str, Meta(min_length=1, max_length=32)] = HIDDEN

    def kernel(self, _bind: Binding) -> Kernel:
        label = self.label
        return lambda column: [label] * len(column)
