"""Read a catalogue from its files and check what no schema can say.

Files, by path below the catalogue's folder: `grades.yaml`, `purposes.yaml`,
`code-lists/*.yaml` (one list each), `resources/*.yaml` (one resource each).

What can be read of a file is checked even where other parts of it, or other
files, have faults: one reading tells all of them. What leans on something that
could not be read is not judged, since it is not known to be wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, TypeVar

from msgspec import Struct

from gateway.catalogue.checking import entry_faults, settled
from gateway.catalogue.leaning import Known, Leaning, known, known_departments
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import CodeList, Purposes, Resource
from gateway.model.trust import Catalogue
from keys.derive import lp
from keys.suites import fingerprint
from masking.document import Document, Found, each, repeated
from masking.document.collector import Words
from masking.document.folder import Folder
from masking.examples import such_as
from masking.grades import DEFAULT_SCHEME, Grade, GradeScheme, scheme_faults

T = TypeVar("T")
# Stops a folder that would take minutes to read.
MAX_FILES = 20_000


class GradeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `grades.yaml`."""

    id: Annotated[str, such_as("GB/T 43697-2024")]
    grades: tuple[Grade, ...]


def read_catalogue(files: Mapping[str, bytes]) -> Catalogue:
    """Read a catalogue from the bytes of its files.

    Raises: CatalogueInvalidError with every fault of every file.
    """
    folder = Folder(files, CatalogueInvalidError)
    if len(files) > MAX_FILES:
        folder.tell("", _missing(f"more than {MAX_FILES} files", f"文件超过 {MAX_FILES} 个"))
        folder.raise_if()
    scheme = _read_scheme(folder)
    purposes = folder.salvage("purposes.yaml", Purposes)
    folder.check(purposes, _repeated_purposes)
    lists = folder.below("code-lists", CodeList)
    _check_lists(folder, lists)
    entries = folder.below("resources", Resource)
    _check_entries(folder, entries, _leaning(scheme, lists, entries))
    folder.raise_if()
    return Catalogue(
        version=_version(files),
        resources={entry.value.code: settled(entry.value) for entry in entries},
        code_lists={one.value.id: one.value for one in lists},
        purposes={one.id: one for one in purposes.value.purposes},
        grades=_scheme(scheme),
    )


def _read_scheme(folder: Folder) -> Document[GradeFile] | None:
    if "grades.yaml" not in folder.files:
        return None
    document = folder.salvage("grades.yaml", GradeFile)
    folder.check(document, _broken_rules)
    return document


def _scheme(document: Document[GradeFile] | None) -> GradeScheme:
    if document is None:
        return DEFAULT_SCHEME
    return GradeScheme(id=document.value.id, grades=document.value.grades)


def _broken_rules(file: GradeFile) -> Iterator[Found]:
    for fault in scheme_faults(file.grades, each):
        yield Found(("grades", fault.rank, fault.attribute), *fault[2:])
    if not file.grades:
        yield Found(("grades",), "no grade here", "没有分级", "list the grades", "请列出各级别")


def _repeated_purposes(file: Purposes) -> Iterator[Found]:
    for index, name in repeated(each(file.purposes, lambda purpose: purpose.id)):
        yield Found(
            ("purposes", index, "id"),
            f"purpose {name} stands twice",
            f"用途 {name} 重复",
            "give each its own id",
            "请使用不同的编号",
        )


def _check_lists(folder: Folder, lists: Sequence[Document[CodeList]]) -> None:
    _check_unique(folder, lists, "id", lambda one: one.id)
    for one in lists:
        folder.check(one, _repeated_codes)


def _repeated_codes(one: CodeList) -> Iterator[Found]:
    for index, name in repeated(each(one.codes, lambda code: code.code)):
        yield Found(
            ("codes", index, "code"),
            f"code {name} stands twice",
            f"代码 {name} 重复",
            "keep one of the two",
            "请只保留一处",
        )


def _leaning(
    scheme: Document[GradeFile] | None,
    lists: Sequence[Document[CodeList]],
    entries: Sequence[Document[Resource]],
) -> Leaning:
    grades = Known(DEFAULT_SCHEME.ids)
    if scheme is not None:
        grades = known(lambda: scheme.parts.grades, lambda grade: grade.id)
        # Of no grade at all nothing follows but that they are missing.
        grades.whole = grades.whole and bool(grades.names)
    return Leaning(
        grades=grades,
        lists=known(lambda: lists, lambda one: one.parts.id),
        resources=known(lambda: entries, lambda entry: entry.parts.code),
        departments=known_departments(entries),
    )


def _check_entries(folder: Folder, entries: Sequence[Document[Resource]], leaning: Leaning) -> None:
    if not entries:
        folder.tell("resources", _missing("no resource here", "目录中没有资源"))
    _check_unique(folder, entries, "code", lambda entry: entry.code)
    for entry in entries:
        folder.check(entry, partial(entry_faults, leaning=leaning))


def _check_unique(
    folder: Folder, documents: Sequence[Document[T]], attribute: str, name: Callable[[T], str]
) -> None:
    """Tell of files that are about what another is about."""
    firsts: dict[str, str] = {}
    for index, text in each(documents, lambda document: name(document.parts)):
        first = firsts.setdefault(text, documents[index].file)
        if first != documents[index].file:
            found = Found(
                (attribute,),
                f"{attribute} {text} stands in {first} too",
                f"{attribute} {text} 与文件 {first} 重复",
                "give each its own",
                "请使用不同的编号",
            )
            folder.faults.append(documents[index].fault(*found))


def _missing(text: str, text_zh: str) -> Words:
    return Words(text, text_zh, "add what is missing", "请补充")


def _version(files: Mapping[str, bytes]) -> str:
    parts = (part for name in sorted(files) for part in (name.encode(), files[name]))
    return fingerprint(lp(*parts)).hex()[:16]
