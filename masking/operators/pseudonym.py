"""Put a keyed, repeatable name in the place of an identifier."""

from typing import Annotated, Literal

from msgspec import Meta

from keys.derive import lp
from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, Kernel, Operator

PseudonymScope = Literal["requester+purpose", "requester", "resource", "global"]

# From the narrowest; a wider one lets more holders join what they have.
_RANKS: dict[PseudonymScope, int] = {
    "requester+purpose": 1,
    "requester": 2,
    "resource": 3,
    "global": 4,
}

_LABEL = b"sealgate pseudonym v1"


class Pseudonym(Operator, frozen=True, kw_only=True):
    """Replace an identifier by `digits` hexadecimal digits of its keyed hash.

    Equal values give equal pseudonyms within `scope`, and only there: each
    (kind, scope) has a key of its own.
    """

    name = "pseudonym"
    title = "pseudonym"
    title_zh = "假名"
    disclosure = Disclosure.LINKABLE
    accepts = frozenset(("string", "code", "integer"))

    scope: PseudonymScope = "requester+purpose"
    # Fewer than 16 digits (64 bits) would make two people one; a hash has 64.
    digits: Annotated[int, Meta(ge=16, le=64)] = 32

    def shown(self) -> float:
        return float(_RANKS[self.scope])

    def kernel(self, bind: Binding) -> Kernel:
        mac = bind.mac(self.context(bind))
        digits, canonical = self.digits, bind.canonical
        text = bind.type != "integer"

        def mask(column: Column) -> Column:
            values = column if text else list(map(str, column))
            if canonical is not None:
                values = list(map(canonical, values))
            return mac.hex_column(values, digits)

        return mask

    def context(self, bind: Binding) -> bytes:
        """Return what the key is derived for: the kind, and those who may join by it."""
        scope = bind.scope
        parts: dict[PseudonymScope, tuple[str, ...]] = {
            "requester+purpose": (scope.requester, scope.purpose),
            "requester": (scope.requester,),
            "resource": (scope.resource,),
            "global": (),
        }
        named = (self.name, bind.kind, self.scope, *parts[self.scope])
        return lp(_LABEL, *(part.encode() for part in named))
