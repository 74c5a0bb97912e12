"""What operators with a key have in common: for whom equal values come out equal.

The key of an operator belongs to its name, the field's kind and a scope. Within
a scope it does the same with equal values, so that they can be joined; what has
another key has nothing in common with it. A wider scope lets more holders join
what they have, and counts as disclosing more.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from keys.derive import lp
from masking.examples import such_as
from masking.operators._contract import (
    HIDDEN,
    Beside,
    Binding,
    Column,
    FieldName,
    Kernel,
    Operator,
    RecordKernel,
)

if TYPE_CHECKING:
    from keys.derive import Mac

KeyScope = Literal["requester+purpose", "requester", "resource", "global"]

# From the narrowest.
_RANKS: dict[KeyScope, int] = {
    "requester+purpose": 1,
    "requester": 2,
    "resource": 3,
    "global": 4,
}
NARROWEST: KeyScope = "requester+purpose"

# A column, and for each of its values whom it is about; None: that is not known.
BySubject = Callable[[Column, Sequence[str | None]], Column]

_LABEL = b"sealgate pseudonym v1"


def rank(scope: KeyScope) -> int:
    """Return how wide a scope is, the narrowest being 1."""
    return _RANKS[scope]


def deviation(found: bytes, most: int) -> int:
    """Return a number from 1 to `most`, or from -1 to -`most`, all as likely.

    `found` is a keyed hash, and far longer than `most`.
    """
    step = int.from_bytes(found) % (2 * most) - most
    return step if step < 0 else step + 1


class Keyed(Operator, frozen=True, kw_only=True):
    """An operator whose results hang on the provider's pseudonym key."""

    scope: Annotated[KeyScope, such_as(NARROWEST)] = NARROWEST

    def shown(self) -> float:
        return float(rank(self.scope))

    def key(self, bind: Binding) -> "Mac":
        """Return the keyed hash of this operator, for the field's kind and the scope."""
        return bind.mac(self.context(bind))

    def context(self, bind: Binding) -> bytes:
        """Return what the key is derived for: the operator, the kind, and who may join by it."""
        scope = bind.scope
        parts: dict[KeyScope, tuple[str, ...]] = {
            "requester+purpose": (scope.requester, scope.purpose),
            "requester": (scope.requester,),
            "resource": (scope.resource,),
            "global": (),
        }
        named = (self.name, bind.kind, self.scope, *parts[self.scope])
        return lp(_LABEL, *(part.encode() for part in named))


class Subjected(Keyed, frozen=True, kw_only=True):
    """A keyed operator that does the same for one subject: whom `subject`, a field, identifies.

    Without one each value is its own subject.
    """

    subject: FieldName | None = None

    def needs(self) -> frozenset[str]:
        return frozenset() if self.subject is None else frozenset((self.subject,))

    @abstractmethod
    def by_subject(self, bind: Binding) -> BySubject:
        """Compile the operator for values whose subjects are known by a text."""

    def selves(self, bind: Binding) -> Callable[[Column], Sequence[str]]:
        """Return what tells the text of each value as its own subject."""
        canonical = bind.canonical or str
        return lambda column: [canonical(str(value)) for value in column]

    def kernel(self, bind: Binding) -> Kernel:
        if self.subject is not None:
            hidden = HIDDEN if self.output_type(bind.type) == "string" else None
            return lambda column: [hidden] * len(column)
        masked, selves = self.by_subject(bind), self.selves(bind)
        return lambda column: masked(column, selves(column))

    def record_kernel(self, bind: Binding) -> RecordKernel:
        subject = self.subject
        if subject is None:
            kernel = self.kernel(bind)
            return lambda column, _beside: kernel(column)
        masked = self.by_subject(bind)

        def mask(column: Column, beside: Beside) -> Column:
            return masked(column, beside.texts(subject))

        return mask
