"""Read a catalogue from its files and check what no schema can say.

Files, by path below the catalogue's folder: `grades.yaml`, `purposes.yaml`,
`code-lists/*.yaml` (one list each), `resources/*.yaml` (one resource each).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from gateway.catalogue.checking import ResourceCheck
from gateway.catalogue.fields import FieldCheck
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import CodeList, Purposes, Resource
from gateway.model.trust import Catalogue
from keys.derive import lp
from keys.suites import fingerprint
from masking import document
from masking.document import Document, Fault
from masking.grades import DEFAULT_SCHEME, Grade, GradeScheme, scheme_faults

T = TypeVar("T")
# Stops a folder that would take minutes to read.
MAX_FILES = 20_000


class GradeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `grades.yaml`."""

    id: str
    grades: tuple[Grade, ...]


class _Reader:
    """Reads files and collects the faults of all of them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.faults: list[Fault] = []
        # Faults that a file had beyond those that it lists.
        self.unlisted = 0
        self._broken: list[str] = []

    def whole(self, start: str) -> bool:
        """Tell whether every file whose path begins so could be read.

        What leans on one that could not is not judged: it is not known to be wrong.
        """
        return not any(name.startswith(start) for name in self._broken)

    def broken(self, start: str) -> list[str]:
        """Return the files whose path begins so and that could not be read."""
        return [name for name in self._broken if name.startswith(start)]

    def error(self) -> CatalogueInvalidError:
        """Make the error with every fault, in the order of files and lines."""
        return CatalogueInvalidError(
            sorted(self.faults, key=lambda fault: fault[:3]),
            fault_count=len(self.faults) + self.unlisted,
        )

    def read(self, name: str, shape: type[T]) -> Document[T] | None:
        try:
            return document.read(self.files[name], shape, file=name, error=CatalogueInvalidError)
        except CatalogueInvalidError as error:
            self.faults += error.faults
            self.unlisted += error.fault_count - len(error.faults)
            self._broken.append(name)
            return None

    def below(self, folder: str, shape: type[T]) -> Iterator[Document[T]]:
        for name in sorted(self.files):
            if name.startswith(folder + "/") and name.endswith(".yaml"):
                found = self.read(name, shape)
                if found is not None:
                    yield found

    def unique(
        self, documents: Iterator[Document[T]], key: Callable[[T], str], path: str
    ) -> dict[str, Document[T]]:
        found: dict[str, Document[T]] = {}
        for doc in documents:
            name = key(doc.value)
            if name in found:
                self.faults.append(
                    doc.fault(
                        (path,),
                        f"{path} {name} stands in {found[name].file} too",
                        f"{path} {name} 与文件 {found[name].file} 重复",
                        "give each its own",
                        "请使用不同的编号",
                    )
                )
            found.setdefault(name, doc)
        return found


def read_catalogue(files: Mapping[str, bytes]) -> Catalogue:
    """Read a catalogue from the bytes of its files.

    Raises: CatalogueInvalidError with every fault of every file.
    """
    reader = _Reader(files)
    if len(files) > MAX_FILES:
        raise CatalogueInvalidError(
            [_whole("", f"more than {MAX_FILES} files", f"文件超过 {MAX_FILES} 个")]
        )
    scheme = _read_scheme(reader)
    purposes = _read_purposes(reader)
    lists = reader.unique(reader.below("code-lists", CodeList), lambda value: value.id, "id")
    for list_file in lists.values():
        reader.faults += _repeated_codes(list_file)
    entries = reader.unique(reader.below("resources", Resource), lambda value: value.code, "code")
    if not entries and not reader.faults:
        reader.faults.append(_whole("resources", "no resource here", "目录中没有资源"))
    code_lists = {name: doc.value for name, doc in lists.items()}
    known = frozenset(entries) if reader.whole("resources/") else None
    resources = {}
    for code, entry in entries.items():
        check = ResourceCheck(entry, scheme, code_lists if reader.whole("code-lists/") else None)
        reader.faults += check.faults(known)
        resources[code] = check.settled()
    fields = FieldCheck(scheme, code_lists if reader.whole("code-lists/") else None)
    for name in reader.broken("resources/"):
        reader.faults += fields.salvaged(files[name], name)
    if reader.faults:
        raise reader.error()
    return Catalogue(
        version=_version(files),
        resources=resources,
        code_lists=code_lists,
        purposes={purpose.id: purpose for purpose in purposes.purposes} if purposes else {},
        grades=scheme or DEFAULT_SCHEME,
    )


def _repeated_codes(doc: Document[CodeList]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, code in enumerate(doc.value.codes):
        if code.code in seen:
            yield doc.fault(
                ("codes", index, "code"),
                f"code {code.code} stands twice",
                f"代码 {code.code} 重复",
                "keep one of the two",
                "请只保留一处",
            )
        seen.add(code.code)


def _read_scheme(reader: _Reader) -> GradeScheme | None:
    if "grades.yaml" not in reader.files:
        return DEFAULT_SCHEME
    doc = reader.read("grades.yaml", GradeFile)
    if doc is None:
        return None
    faults = [
        doc.fault(("grades", fault.rank, fault.attribute), *fault[2:])
        for fault in scheme_faults(doc.value.grades)
    ]
    if not doc.value.grades:
        faults.append(
            doc.fault(("grades",), "no grade here", "没有分级", "list the grades", "请列出各级别")
        )
    reader.faults += faults
    if faults:
        return None
    return GradeScheme(id=doc.value.id, grades=doc.value.grades)


def _read_purposes(reader: _Reader) -> Purposes | None:
    if "purposes.yaml" not in reader.files:
        reader.faults.append(_whole("purposes.yaml", "the file is missing", "缺少该文件"))
        return None
    doc = reader.read("purposes.yaml", Purposes)
    if doc is None:
        return None
    seen: set[str] = set()
    for index, purpose in enumerate(doc.value.purposes):
        if purpose.id in seen:
            reader.faults.append(
                doc.fault(
                    ("purposes", index, "id"),
                    f"purpose {purpose.id} stands twice",
                    f"用途 {purpose.id} 重复",
                    "give each its own id",
                    "请使用不同的编号",
                )
            )
        seen.add(purpose.id)
    return doc.value


def _whole(file: str, text: str, text_zh: str) -> Fault:
    return Fault(file, 1, 1, (), text, text_zh, "add what is missing", "请补充")


def _version(files: Mapping[str, bytes]) -> str:
    parts = (part for name in sorted(files) for part in (name.encode(), files[name]))
    return fingerprint(lp(*parts)).hex()[:16]
