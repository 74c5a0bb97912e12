"""Read trust data from its files: who is who, who may grant, what is revoked. No I/O.

Files, by path below the folder: `trust.yaml` (version and term),
`departments/*.yaml`, `issuers.yaml`, `catalogue/…` (`gateway.catalogue`), and
`status/*.jwt`, the issuers' status lists.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated

from msgspec import Meta, Struct

from gateway.catalogue import read_catalogue
from gateway.errors import CatalogueInvalidError, TokenIssuerUnknownError
from gateway.grants.status import verify_status_list
from gateway.model.trust import Department, Issuer, PublicKey, Seconds, StatusList, Trust
from keys.errors import KeysError, SealgateError
from keys.material import Purpose
from keys.suites import suite
from masking.document import Document, Found, each, judged, repeated, salvage, whole
from masking.document.collector import Words
from masking.document.folder import Folder
from masking.document.partial import UnreadError
from masking.examples import such_as

CATALOGUE = "catalogue/"
STATUS = "status/"
_EXPORTED = (
    "take it from trust data that the authority exported",
    "请取自主管部门导出的信任数据",
)


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `trust.yaml`: version, and from when to when (Unix seconds) it is fresh."""

    version: Annotated[int, Meta(ge=1, le=2**53)]
    issued: Seconds
    expires: Annotated[Seconds, such_as("1769904000")]


class IssuerFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `issuers.yaml`."""

    issuers: Annotated[tuple[Issuer, ...], Meta(min_length=1, extra={"advice": _EXPORTED})]


def read_trust(files: Mapping[str, bytes], now: int) -> Trust:
    """Read trust data from the bytes of its files at `now`, Unix seconds.

    Raises: CatalogueInvalidError with every fault of every file.
    """
    folder = Folder(files, CatalogueInvalidError)
    term = folder.salvage("trust.yaml", Term, _whole("the file is missing", "缺少该文件"))
    departments = _read_departments(folder)
    issuers = _read_issuers(folder)
    lists = _read_status_lists(folder, issuers, now)
    inner = {
        name.removeprefix(CATALOGUE): content
        for name, content in files.items()
        if name.startswith(CATALOGUE)
    }
    try:
        catalogue = read_catalogue(inner)
    except CatalogueInvalidError as refusal:
        folder.take(refusal, CATALOGUE)
    folder.raise_if()
    return Trust(
        version=term.value.version,
        issued=term.value.issued,
        expires=term.value.expires,
        departments={one.value.id: one.value for one in departments},
        issuers=issuers,
        catalogue=catalogue,
        status_lists=lists,
    )


def read_department(text: bytes, file: str) -> Department:
    """Read a department's entry from a file of its own, as its node exports it.

    Raises: CatalogueInvalidError with every fault.
    """
    entry = salvage(text, Department, file=file, error=CatalogueInvalidError)
    return entry.with_faults(entry.found(lambda one: _key_faults(("keys",), one.keys))).value


def _read_departments(folder: Folder) -> list[Document[Department]]:
    departments = folder.below("departments", Department)
    for department in departments:
        folder.check(department, lambda one: _key_faults(("keys",), one.keys))
    for place, name in repeated(each(departments, lambda department: department.parts.id)):
        words = _whole(f"department {name} stands twice", f"部门 {name} 重复")
        folder.tell(departments[place].file, words)
    return departments


def _read_issuers(folder: Folder) -> dict[str, Issuer]:
    """Return the issuers without fault; nothing is judged by another."""
    file = folder.salvage("issuers.yaml", IssuerFile, _whole("the file is missing", "缺少该文件"))
    folder.check(file, _issuer_faults)
    sound: dict[str, Issuer] = {}
    with suppress(UnreadError):
        for _, issuer in each(file.parts.issuers, whole):
            if not any(_key_faults((), issuer.keys)):
                sound[issuer.iss] = issuer
    return sound


def _issuer_faults(file: IssuerFile) -> Iterator[Found]:
    for place, _ in repeated(each(file.issuers, lambda issuer: issuer.iss)):
        yield Found(
            ("issuers", place, "iss"),
            "this issuer stands twice",
            "签发者重复",
            "keep one of the two",
            "请只保留一处",
        )
    for place, keys in each(file.issuers, lambda issuer: issuer.keys):
        yield from _key_faults(("issuers", place, "keys"), keys)


def _read_status_lists(
    folder: Folder, issuers: Mapping[str, Issuer], now: int
) -> dict[str, StatusList]:
    """Return the lists that are believed.

    One by a key that is not in force any more is passed over, so that its
    revocation gets in; grants that lean on it are refused where they are used.
    """
    lists: dict[str, StatusList] = {}
    for name in sorted(folder.files):
        if not (name.startswith(STATUS) and name.endswith(".jwt")):
            continue
        try:
            token = folder.files[name].decode("ascii").strip()
            found = verify_status_list(token, issuers, now)
        except UnicodeDecodeError:
            folder.tell(name, _whole("it is no token", "不是令牌"))
        except TokenIssuerUnknownError:
            continue
        except SealgateError as error:
            folder.tell(name, _whole(f"{error.code}: {error.message}", error.message_zh))
        else:
            if found.uri in lists:
                folder.tell(name, _whole("another file is the list of this uri", "该列表地址重复"))
            lists[found.uri] = found
    return lists


def _key_faults(path: tuple[str | int, ...], keys: Sequence[PublicKey]) -> Iterator[Found]:
    for index, key in each(keys):
        yield from judged(_key_fault((*path, index, "public"), key))


def _key_fault(path: tuple[str | int, ...], key: PublicKey) -> Iterator[Found]:
    if _key_id(key.public, key.suite, key.purpose) != key.key_id:
        yield Found(
            path,
            "this is no public key with that id, purpose and suite",
            "该公钥与编号、用途、套件不符",
            "copy the key as `sealgate keys public` writes it",
            "请照录 `sealgate keys public` 输出的公钥",
        )


def _key_id(public: str, number: int, purpose: Purpose) -> str:
    """Return the id of a public key, empty where it is none."""
    try:
        material = b64decode(public, validate=True)
        chosen = suite(number)
        if purpose is Purpose.OPENING:
            return chosen.sealing_key(material).key_id
        return chosen.verifying_key(material, purpose).key_id
    except (Base64Error, ValueError, KeysError):
        return ""


def _whole(text: str, text_zh: str) -> Words:
    return Words(text, text_zh, "import trust data anew", "请重新导入信任数据")
