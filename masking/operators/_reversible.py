"""What keyed operators have in common that the holder of the key can reverse."""

from abc import abstractmethod
from collections.abc import Callable

from masking.operators._contract import Binding
from masking.operators._keyed import Keyed

# From what came out to what went in; None: it did not come out here.
Reveal = Callable[[str], str | None]


class Reversible(Keyed, frozen=True, kw_only=True):
    """A keyed operator whose results its key turns back."""

    @abstractmethod
    def reveal(self, bind: Binding, /) -> Reveal:
        """Compile what turns results for the field back, to the kind's one spelling of a value."""
