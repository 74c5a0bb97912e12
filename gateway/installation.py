"""First steps of a node and of an authority: folder, keys, public entry."""

from collections.abc import Mapping
from pathlib import Path

from gateway.authority.authority import dump_yaml
from gateway.config import AuthorityFile, NodeFile, Places
from gateway.errors import ConfigurationInvalidError, RequestMalformedError
from gateway.model.trust import Department, Issuer, public_entry
from gateway.stores.files import write_whole
from gateway.stores.keyfile import passphrase_source
from gateway.trust import IssuerFile
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.file import FileStore
from keys.stores.keyfile import Cost
from keys.suites import X25519, XWING
from masking.kinds import KINDS

# Signing and opening keys are renewed; pseudonyms must stay the same for long.
KEY_DAYS = 2 * 366
PSEUDONYM_DAYS = 3660
PUBLIC_PURPOSES = (Purpose.SIGNING, Purpose.OPENING, Purpose.LEDGER)


def found_node(
    folder: Path,
    file: NodeFile,
    now: int,
    *,
    passphrase: bytes | None = None,
    cost: Cost | None = None,
) -> None:
    """Make a node's folder with its keys; `now` is Unix seconds.

    With `passphrase`, it is written to `file.passphrase_file` first.
    Raises: RequestMalformedError, ConfigurationInvalidError, KeyUnavailableError.
    """
    misfits = KINDS["uscc"].misfits
    if misfits is not None and misfits([file.department]):
        raise RequestMalformedError(
            reason="the department is no unified social credit code: its check digit is wrong",
            reason_zh="部门代码不是有效的统一社会信用代码：校验位错误",
        )
    places = _make_folder(folder, "node.yaml")
    places.grants.mkdir(exist_ok=True)
    store = _make_keys(places, file.passphrase_file, passphrase, cost)
    for purpose, suite_number, days in (
        (Purpose.SIGNING, XWING, KEY_DAYS),
        *(
            (Purpose.OPENING, number, KEY_DAYS)
            for number in (XWING, X25519)
            if number in file.suites
        ),
        (Purpose.PSEUDONYM, XWING, PSEUDONYM_DAYS),
        (Purpose.LEDGER, XWING, KEY_DAYS),
    ):
        store.new(purpose, suite_number, now, days, "active")
    # Last, so that a folder with a node.yaml is a whole node.
    write_whole(folder / "node.yaml", dump_yaml(file))


def found_authority(
    folder: Path,
    file: AuthorityFile,
    catalogue: Mapping[str, bytes],
    now: int,
    *,
    passphrase: bytes | None = None,
    cost: Cost | None = None,
) -> FileStore:
    """Make an authority's folder with its key, which is returned, and a catalogue.

    Nothing is published yet. Raises: ConfigurationInvalidError, KeyUnavailableError.
    """
    places = _make_folder(folder, "authority.yaml")
    store = _make_keys(places, file.passphrase_file, passphrase, cost)
    key = store.new(Purpose.SIGNING, XWING, now, KEY_DAYS, "active")
    for name, content in catalogue.items():
        path = places.trust / "catalogue" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    issuer = Issuer(
        iss=file.iss,
        name=file.name,
        keys=(public_entry(key),),
        providers=("*",),
        resources=("*",),
    )
    places.trust.mkdir(exist_ok=True)
    write_whole(places.trust / "issuers.yaml", dump_yaml(IssuerFile(issuers=(issuer,))))
    write_whole(folder / "authority.yaml", dump_yaml(file))
    return store


def department_entry(file: NodeFile, keys: tuple[KeyInfo, ...]) -> Department:
    """Return a node's public entry: what the authority takes into the directory."""
    return Department(
        id=file.department,
        name=file.name,
        name_en=file.name_en,
        suites=file.suites,
        keys=tuple(public_entry(key) for key in keys if key.purpose in PUBLIC_PURPOSES),
    )


def _make_folder(folder: Path, marker: str) -> Places:
    if (folder / marker).exists() or (folder / "keys.json").exists():
        raise ConfigurationInvalidError(
            reason=f"{folder} holds an installation already",
            reason_zh=f"{folder} 中已有安装",
        )
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o700)
    return Places(folder)


def _make_keys(
    places: Places, passphrase_file: str | None, passphrase: bytes | None, cost: Cost | None
) -> FileStore:
    if passphrase is not None and passphrase_file is not None:
        write_whole(places.folder / passphrase_file, passphrase + b"\n", mode=0o600)
    source = passphrase_source(places.folder, passphrase_file, confirm=True)
    return FileStore.create(places.keys, source, cost=cost)
