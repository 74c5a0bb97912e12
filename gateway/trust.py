"""Read trust data from its files: who is who, who may grant, what is revoked. No I/O.

Files, by path below the folder: `trust.yaml` (version and term),
`departments/*.yaml`, `issuers.yaml`, `catalogue/…` (`gateway.catalogue`), and
`status/*.jwt`, the issuers' status lists.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from gateway.catalogue import read_catalogue
from gateway.errors import CatalogueInvalidError, TokenIssuerUnknownError
from gateway.grants.status import verify_status_list
from gateway.model.trust import Department, Issuer, PublicKey, Seconds, StatusList, Trust
from keys.errors import KeysError, SealgateError
from keys.material import Purpose
from keys.suites import suite
from masking import document
from masking.document import Document, Fault

T = TypeVar("T")
CATALOGUE = "catalogue/"
STATUS = "status/"


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `trust.yaml`: version, and from when to when (Unix seconds) it is fresh."""

    version: Annotated[int, Meta(ge=1, le=2**53)]
    issued: Seconds
    expires: Seconds


class IssuerFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `issuers.yaml`."""

    issuers: Annotated[tuple[Issuer, ...], Meta(min_length=1)]


def read_trust(files: Mapping[str, bytes], now: int) -> Trust:
    """Read trust data from the bytes of its files at `now`, Unix seconds.

    Raises: CatalogueInvalidError with every fault of every file.
    """
    reader = _Reader(files)
    term = reader.read("trust.yaml", Term)
    departments = reader.departments()
    issuers = reader.issuers()
    # Without issuers no list can be judged.
    lists = reader.status_lists(issuers, now) if issuers else {}
    inner = {
        name.removeprefix(CATALOGUE): content
        for name, content in files.items()
        if name.startswith(CATALOGUE)
    }
    try:
        catalogue = read_catalogue(inner)
    except CatalogueInvalidError as error:
        reader.faults += (fault._replace(file=CATALOGUE + fault.file) for fault in error.faults)
        reader.unlisted += error.fault_count - len(error.faults)
    if reader.faults or term is None:
        raise reader.error()
    return Trust(
        version=term.value.version,
        issued=term.value.issued,
        expires=term.value.expires,
        departments=departments,
        issuers=issuers,
        catalogue=catalogue,
        status_lists=lists,
    )


class _Reader:
    """Reads files and collects the faults of all of them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.faults: list[Fault] = []
        # Faults that a file had beyond those that it lists.
        self.unlisted = 0

    def error(self) -> CatalogueInvalidError:
        """Make the error with every fault, in the order of files and lines."""
        return CatalogueInvalidError(
            sorted(self.faults, key=lambda fault: fault[:3]),
            fault_count=len(self.faults) + self.unlisted,
        )

    def read(self, name: str, shape: type[T]) -> Document[T] | None:
        if name not in self.files:
            self._whole(name, "the file is missing", "缺少该文件")
            return None
        try:
            return document.read(self.files[name], shape, file=name, error=CatalogueInvalidError)
        except CatalogueInvalidError as error:
            self.faults += error.faults
            self.unlisted += error.fault_count - len(error.faults)
            return None

    def departments(self) -> dict[str, Department]:
        found: dict[str, Department] = {}
        for name in sorted(self.files):
            if not (name.startswith("departments/") and name.endswith(".yaml")):
                continue
            doc = self.read(name, Department)
            if doc is None:
                continue
            if doc.value.id in found:
                department = doc.value.id
                self._whole(
                    name, f"department {department} stands twice", f"部门 {department} 重复"
                )
            for index, key in enumerate(doc.value.keys):
                self._check_key(doc, ("keys", index), key)
            found[doc.value.id] = doc.value
        return found

    def issuers(self) -> dict[str, Issuer]:
        doc = self.read("issuers.yaml", IssuerFile)
        if doc is None:
            return {}
        found: dict[str, Issuer] = {}
        for place, issuer in enumerate(doc.value.issuers):
            if issuer.iss in found:
                self.faults.append(
                    doc.fault(
                        ("issuers", place, "iss"),
                        "this issuer stands twice",
                        "签发者重复",
                        "keep one of the two",
                        "请只保留一处",
                    )
                )
            for index, key in enumerate(issuer.keys):
                self._check_key(doc, ("issuers", place, "keys", index), key)
            found[issuer.iss] = issuer
        return found

    def status_lists(self, issuers: Mapping[str, Issuer], now: int) -> dict[str, StatusList]:
        """Return the lists that are believed.

        One by a key that is not in force any more is passed over, so that its
        revocation gets in; grants that lean on it are refused where they are used.
        """
        lists: dict[str, StatusList] = {}
        for name in sorted(self.files):
            if not (name.startswith(STATUS) and name.endswith(".jwt")):
                continue
            try:
                token = self.files[name].decode("ascii").strip()
                found = verify_status_list(token, issuers, now)
            except UnicodeDecodeError:
                self._whole(name, "it is no token", "不是令牌")
            except TokenIssuerUnknownError:
                continue
            except SealgateError as error:
                self._whole(name, f"{error.code}: {error.message}", error.message_zh)
            else:
                if found.uri in lists:
                    self._whole(name, "another file is the list of this uri", "该列表地址重复")
                lists[found.uri] = found
        return lists

    def _check_key(
        self,
        doc: Document[Department] | Document[IssuerFile],
        path: tuple[str | int, ...],
        key: PublicKey,
    ) -> None:
        try:
            material = b64decode(key.public, validate=True)
            chosen = suite(key.suite)
            if key.purpose is Purpose.OPENING:
                number = chosen.sealing_key(material).key_id
            else:
                number = chosen.verifying_key(material, key.purpose).key_id
        except (Base64Error, ValueError, KeysError):
            number = ""
        if number != key.key_id:
            self.faults.append(
                doc.fault(
                    (*path, "public"),
                    "this is no public key with that id, purpose and suite",
                    "该公钥与编号、用途、套件不符",
                    "copy the key as `sealgate keys public` writes it",
                    "请照录 `sealgate keys public` 输出的公钥",
                )
            )

    def _whole(self, file: str, text: str, text_zh: str) -> None:
        self.faults.append(
            Fault(file, 1, 1, (), text, text_zh, "import trust data anew", "请重新导入信任数据")
        )
