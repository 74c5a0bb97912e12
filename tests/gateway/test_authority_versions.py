"""One version of trust data is one content, whoever changed a file, and how."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.authority import Authority
from gateway.config import Places
from gateway.errors import CatalogueInvalidError, TrustStaleError
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.stores.trust_folder import install_trust
from tests.gateway.authority_desk import OUTSIDER, content, wanted

Change = Callable[[Path], object]


def _edit(name: str, old: str, new: str) -> Change:
    def change(trust: Path) -> None:
        path = trust / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


BY_HAND: dict[str, Change] = {
    "an entry of the catalogue": _edit(
        "catalogue/resources/social-assistance.yaml", "社会救助对象信息", "社会救助对象基本信息"
    ),
    "a department": _edit(f"departments/{OUTSIDER}.yaml", "name: ", "name: 新"),
    "an issuer": _edit("issuers.yaml", "name: ", "name: 新"),
    "a comment": _edit("issuers.yaml", "issuers:", "# checked\nissuers:"),
    "the term": _edit("trust.yaml", "expires: ", "expires: 1"),
    "a department gone": lambda trust: (trust / "departments" / f"{OUTSIDER}.yaml").unlink(),
    "a list gone": lambda trust: (trust / "status" / "list.jwt").unlink(),
    "the digest gone": lambda trust: (trust.parent / "published").unlink(),
    "a digest that is none": lambda trust: (trust.parent / "published").write_bytes(b"\xff\x00"),
}


@pytest.mark.parametrize("change", BY_HAND.values(), ids=BY_HAND)
def test_a_change_by_hand_gets_a_version_of_its_own(
    authority: Authority, folder: Path, change: Change
) -> None:
    """Once: what did not change since is handed out as it was."""
    authority.renew()
    before = authority.trust().version
    change(folder / "trust")
    published = authority.renew()
    assert authority.trust().version == before + 1
    assert published == read_folder(folder / "trust", TRUST_SUFFIXES)
    whole = content(folder)
    assert authority.renew() == published
    assert content(folder) == whole


def test_what_cannot_be_read_is_not_handed_out(authority: Authority, folder: Path) -> None:
    """Nor is anything written over it."""
    _edit("issuers.yaml", "iss: ", "is: ")(folder / "trust")
    before = content(folder)
    with pytest.raises(CatalogueInvalidError):
        authority.renew()
    assert content(folder) == before


def test_what_a_killed_process_left_in_part_is_published_anew(
    authority: Authority, folder: Path
) -> None:
    """The files came first, their digest did not: nobody was handed that version."""
    authority.renew()
    digest = (folder / "published").read_bytes()
    authority.issue(wanted())
    (folder / "published").write_bytes(digest)
    before = authority.trust().version
    authority.renew()
    assert authority.trust().version == before + 1


def test_a_node_takes_one_content_of_a_version(
    authority: Authority, folder: Path, tmp_path: Path
) -> None:
    """The same again, but no other under its number; a newer version with it goes in."""
    node, now = Places(tmp_path / "node").trust, system_clock() // 1000
    files = dict(authority.renew())
    install_trust(node, files, now)
    install_trust(node, files, now)
    held = os.readlink(node / "current")
    name = "catalogue/purposes.yaml"
    for other in (
        {**files, name: files[name] + b"# another\n"},
        {key: text for key, text in files.items() if OUTSIDER not in key},
        {**files, "departments/more.txt.yaml": b"", name: files[name]},
    ):
        with pytest.raises((TrustStaleError, CatalogueInvalidError)):
            install_trust(node, other, now)
        assert os.readlink(node / "current") == held
    (folder / "trust" / name).write_bytes(files[name] + b"# another\n")
    newer = install_trust(node, authority.renew(), now)
    assert newer.version == authority.trust().version
    with pytest.raises(TrustStaleError, match="older"):
        install_trust(node, files, now)


def test_what_is_past_reading_may_be_replaced_by_the_same_version(
    authority: Authority, tmp_path: Path
) -> None:
    """What stood there cannot be held against it."""
    node, now = Places(tmp_path / "node").trust, system_clock() // 1000
    files = authority.renew()
    install_trust(node, files, now)
    (node / "current" / "issuers.yaml").write_bytes(b"issuers: none\n")
    install_trust(node, files, now)
    assert read_folder(node / "current", TRUST_SUFFIXES) == files


def test_an_entry_admitted_twice_is_two_versions(authority: Authority) -> None:
    """Each publication has its own number, since its term and status list are new."""
    entry = authority.trust().departments[OUTSIDER]
    versions = []
    for name in ("一局", "一局"):
        authority.admit(msgspec.structs.replace(entry, name=name))
        versions.append(authority.trust().version)
    assert versions[1] == versions[0] + 1
