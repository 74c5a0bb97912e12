"""Read the files of one folder, and tell the faults of all of them at once."""

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from masking.document import Document, Found, salvage, unread
from masking.document.collector import Words
from masking.errors import DocumentInvalidError
from masking.faults import Fault

T = TypeVar("T")
SUFFIX = ".yaml"
_MISSING = Words("the file is missing", "缺少该文件", "add what is missing", "请补充")


class Folder:
    """The bytes of files by path, and the faults found in them so far."""

    def __init__(
        self, files: Mapping[str, bytes], error: builtins.type[DocumentInvalidError]
    ) -> None:
        self.files = files
        self.faults: list[Fault] = []
        # Faults that a file had beyond those that it lists.
        self.unlisted = 0
        self._error = error

    def salvage(self, name: str, type: builtins.type[T], missing: Words = _MISSING) -> Document[T]:
        """Read what can be read of a file; one that is missing has that fault."""
        document: Document[T]
        if name in self.files:
            document = salvage(self.files[name], type, file=name, error=self._error)
        else:
            document = unread(_of_file(name, missing), self._error)
        self.faults += document.faults
        self.unlisted += document.fault_count - len(document.faults)
        return document

    def below(self, folder: str, type: builtins.type[T]) -> list[Document[T]]:
        """Read the files of a folder, in the order of their names."""
        start = f"{folder}/"
        found = (name for name in self.files if name.startswith(start) and name.endswith(SUFFIX))
        return [self.salvage(name, type) for name in sorted(found)]

    def check(self, document: Document[T], check: Callable[[T], Iterable[Found]]) -> None:
        """Add what a check finds in a document."""
        self.faults += document.found(check)

    def tell(self, name: str, words: Words) -> None:
        """Add a fault of a whole file, or of one that is not there."""
        self.faults.append(_of_file(name, words))

    def take(self, refusal: DocumentInvalidError, below: str) -> None:
        """Add the faults of files that were read elsewhere, and stand in a folder of this one."""
        self.faults += (fault._replace(file=below + fault.file) for fault in refusal.faults)
        self.unlisted += refusal.fault_count - len(refusal.faults)

    def raise_if(self) -> None:
        """Refuse the folder if there is any fault.

        Raises:
            DocumentInvalidError: the subclass given, with every fault by file and line.
        """
        if self.faults:
            raise self._error(
                sorted(self.faults, key=lambda fault: fault[:3]),
                fault_count=len(self.faults) + self.unlisted,
            )


def _of_file(name: str, words: Words) -> Fault:
    return Fault(name, 1, 1, (), *words)
