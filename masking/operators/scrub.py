"""Hide in free text what identifies a person, and leave the rest."""

from masking.detect.own import scrub_column
from masking.errors import ExtraMissingError
from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, Kernel, Operator, Own, RecordKernel


class Scrub(Operator, frozen=True, kw_only=True):
    """Put labels such as `[手机号]` over a text's identifying passages.

    Hidden are the values of the record's other fields that do not leave in the
    clear, and whatever the detector finds. A text without any of them is given
    as it is.
    """

    name = "scrub"
    title = "scrub"
    title_zh = "文本脱敏"
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    def kernel(self, bind: Binding) -> Kernel:
        scrub = self.record_kernel(bind)
        return lambda column: scrub(column, [()] * len(column))

    def record_kernel(self, bind: Binding) -> RecordKernel:
        """Compile for one field.

        Raises:
            ExtraMissingError: there is no detector, and a text half searched must not leave.
        """
        if bind.detector is None:
            raise ExtraMissingError(
                purpose=f"scrubbing the free text of {bind.field}",
                purpose_zh=f"对自由文本 {bind.field} 脱敏",
                extra="text",
            )

        detector = bind.detector()

        def scrub(column: Column, own: Own) -> Column:
            return scrub_column(column, own, detector)

        return scrub
