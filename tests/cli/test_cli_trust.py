"""Trust data goes forward only, whole or not at all, and an export tramples nothing."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from tests.cli.command import PUBLIC_ROW, Answer, Desk, call, done


@pytest.fixture
def published(desk: Desk) -> Path:
    """Export what the authority published last."""
    folder = desk.folder / "exported"
    done("trust", "export", "--authority", desk.authority, "--out", folder)
    return folder


def _works(desk: Desk) -> bool:
    answer = desk.seal_public(desk.write([dict(PUBLIC_ROW)], "works.json"))
    return answer.status == 0


def _import(desk: Desk, folder: Path, *more: object) -> Answer:
    return call("trust", "import", "--node", desk.provider, folder, *more)


def _current(desk: Desk) -> str:
    return os.readlink(desk.provider / "trust" / "current")


def test_an_older_version_is_refused_and_the_newer_stays(desk: Desk, published: Path) -> None:
    """Else a revoked grant or key would come back."""
    desk.issue("newer")
    before = _current(desk)
    answer = _import(desk, published, "--json")
    assert answer.code == "TRUST_STALE"
    assert "is older than version" in answer.json["message"]
    assert _current(desk) == before
    assert _works(desk)


def test_the_same_version_may_come_again(desk: Desk, published: Path) -> None:
    """Whoever imports by the clock imports most often what he has."""
    for _ in range(12):
        assert _import(desk, published).status == 0
    assert _works(desk)
    versions = list((desk.provider / "trust" / "versions").iterdir())
    assert len(versions) <= 4


def test_an_older_status_list_is_refused_under_a_newer_version(desk: Desk, published: Path) -> None:
    """Each list goes forward by itself: else a revoked grant would come back."""
    grant = done("grant", "inspect", desk.public, "--json").json["claims"]["jti"]
    # Lists are told apart by whole seconds.
    time.sleep(1 - time.time() % 1)
    done("grant", "revoke", "--authority", desk.authority, "--grant", grant)
    desk.share()
    assert desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json")).code == "TOKEN_REVOKED"
    mixed = desk.folder / "mixed"
    shutil.copytree(desk.folder / "published", mixed)
    shutil.copy(published / "status" / "list.jwt", mixed / "status" / "list.jwt")
    text = (mixed / "trust.yaml").read_text("utf-8")
    (mixed / "trust.yaml").write_text(text.replace("version: ", "version: 9"), "utf-8")
    before = _current(desk)
    assert _import(desk, mixed).code == "TRUST_STALE"
    assert _current(desk) == before


BROKEN = {
    "departments": ("departments", b"id: 1\n"),
    "issuers": ("issuers.yaml", b"issuers: []\n"),
    "catalogue": ("catalogue/purposes.yaml", b"purposes: 1\n"),
    "status": ("status/list.jwt", b"a.b.c\n"),
    "status, no ASCII": ("status/list.jwt", "令牌".encode()),
    "term": ("trust.yaml", b"version: 0\nissued: 1\nexpires: 2\n"),
    "no UTF-8": ("trust.yaml", b"version: \xff\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_trust_data_is_refused_and_the_old_stays(
    desk: Desk, published: Path, name: str
) -> None:
    """With file, line and column of the fault."""
    place, content = BROKEN[name]
    path = published / place
    if path.is_dir():
        path = next(path.iterdir())
    path.write_bytes(content)
    before = _current(desk)
    answer = _import(desk, published, "--json")
    assert answer.code == "CATALOGUE_INVALID"
    assert path.relative_to(published).as_posix() + ":1:" in answer.err
    assert answer.json["fields"]
    assert _current(desk) == before
    assert _works(desk)


@pytest.mark.parametrize("name", ["trust.yaml", "issuers.yaml", "departments", "status"])
def test_missing_parts_are_refused_or_leave_nothing_to_trust(
    desk: Desk, published: Path, name: str
) -> None:
    """Without departments or status lists a call is refused, not let through."""
    path = published / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    answer = _import(desk, published)
    if answer.status == 0:
        refused = desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"))
        assert refused.code in ("DEPARTMENT_UNKNOWN", "TRUST_STALE")
    else:
        assert answer.code in ("CATALOGUE_INVALID", "TRUST_STALE")
        assert _works(desk)


def test_what_is_past_reading_here_can_be_replaced_but_not_by_older(
    desk: Desk, published: Path
) -> None:
    """The folder's name still tells the version."""
    older = desk.folder / "older"
    shutil.copytree(published, older)
    desk.issue("newer")
    held = desk.provider / "trust" / "current" / "trust.yaml"
    held.write_bytes(b"version: many\n")
    assert not _works(desk)
    assert _import(desk, older).code == "TRUST_STALE"
    assert _import(desk, desk.folder / "published").status == 0
    assert _works(desk)


def test_imports_at_once_leave_the_newest(desk: Desk, published: Path) -> None:
    """Whichever comes first."""
    older = desk.folder / "older"
    shutil.copytree(published, older)
    desk.issue("newer")
    # As `share` left it.
    newest = desk.folder / "published"
    shutil.copytree(desk.outsider, desk.folder / "fresh", symlinks=True)
    shutil.rmtree(desk.folder / "fresh" / "trust")
    node = desk.folder / "fresh"
    import_ = ("trust", "import", "--node", node)
    # A refusal in one thread, output of both into the void.
    from gateway.config import Places
    from gateway.stores.clock import system_clock
    from gateway.stores.files import read_folder
    from gateway.stores.trust_folder import install_trust
    from keys.errors import SealgateError

    def install(folder: Path) -> None:
        files = read_folder(folder, (".yaml", ".jwt"))
        for _ in range(4):
            try:
                install_trust(Places(node).trust, files, system_clock() // 1000)
            except SealgateError as error:
                codes.append(error.code)

    codes: list[str] = []
    threads = [threading.Thread(target=install, args=(one,)) for one in (older, newest)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {"TRUST_STALE"}
    held = (node / "trust" / "current" / "trust.yaml").read_bytes()
    assert held == (newest / "trust.yaml").read_bytes()
    assert call(*import_, older).code == "TRUST_STALE"


def test_an_export_replaces_an_export_and_nothing_else(desk: Desk, published: Path) -> None:
    """A slip of the pen must not cost a folder."""
    export = ("trust", "export", "--authority", desk.authority, "--out")
    stale = published / "departments" / "gone.yaml"
    stale.write_text("x", "utf-8")
    done(*export, published)
    assert not stale.exists()
    home = desk.folder / "home"
    home.mkdir()
    (home / "letter.txt").write_text("dear", "utf-8")
    for target in (home, desk.folder, desk.requester, desk.grant, Path("/"), Path("/tmp")):  # noqa: S108
        assert call(*export, target).code == "CONFIGURATION_INVALID"
    (home / "trust.yaml").write_text("x", "utf-8")
    assert call(*export, home).code == "CONFIGURATION_INVALID"
    assert (home / "letter.txt").read_text("utf-8") == "dear"
    assert not desk.left_behind()


def test_an_export_may_be_the_folder_one_stands_in(
    desk: Desk, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--out .` has a name too."""
    monkeypatch.chdir(published)
    done("trust", "export", "--authority", desk.authority, "--out", ".")
    assert (published / "trust.yaml").is_file()


def test_import_takes_folders_for_nodes_and_files_for_authorities(
    desk: Desk, published: Path
) -> None:
    """Anything else is wrong use, told as such."""
    entry = desk.folder / "entry.yaml"
    done("trust", "export", "--node", desk.outsider, "--out", entry)
    assert _import(desk, entry).status == 2
    assert _import(desk, desk.folder / "nowhere").status == 2
    assert call("trust", "import", "--authority", desk.authority, published).status == 2
    assert call("trust", "import", "--authority", desk.authority, desk.folder / "no").status == 2
    assert call("trust", "import", "--node", desk.authority, published).code == (
        "CONFIGURATION_INVALID"
    )
    assert call("trust", "import", published).status == 2
    assert done("trust", "import", "--authority", desk.authority, entry, "--json").json


def test_an_entry_with_foreign_keys_or_faults_is_refused(desk: Desk) -> None:
    """The directory holds only keys that are what they say."""
    entry = desk.folder / "entry.yaml"
    done("trust", "export", "--node", desk.outsider, "--out", entry)
    text = entry.read_text("utf-8")
    version = (desk.authority / "trust" / "trust.yaml").read_bytes()
    before = {path.name: path.read_bytes() for path in (desk.authority / "trust").rglob("*.yaml")}
    other = (desk.authority / "trust" / "departments").glob("*.yaml")
    stolen = next(path for path in other if path.stem not in text).read_text("utf-8")
    key = stolen.split("public: ")[1].split("\n")[0].strip()
    held = text.split("public: ")[1].split("\n")[0].strip()
    cases = (
        text.replace(held, key, 1),
        text.replace("purpose: signing", "purpose: ledger", 1),
        text.replace("suite: 1", "suite: 9", 1),
        text + "admin: true\n",
        text.replace("suites:", "suite_numbers:", 1),
    )
    for changed in cases:
        entry.write_text(changed, "utf-8")
        answer = call("trust", "import", "--authority", desk.authority, entry, "--json")
        assert answer.code == "CATALOGUE_INVALID"
        assert ".yaml:" in answer.json["fields"][0]["field"]
    after = {path.name: path.read_bytes() for path in (desk.authority / "trust").rglob("*.yaml")}
    assert after == before
    assert (desk.authority / "trust" / "trust.yaml").read_bytes() == version


def test_odd_things_in_a_folder_are_passed_over(desk: Desk, published: Path) -> None:
    """Hidden files, links to devices, pipes and folders of that name are not read."""
    os.mkfifo(published / "pipe.yaml")
    (published / "device.yaml").symlink_to("/dev/zero")
    (published / "folder.yaml").mkdir()
    (published / ".hidden.yaml").write_text("x", "utf-8")
    (published / ".git").mkdir()
    (published / ".git" / "deep.yaml").write_text("x", "utf-8")
    (published / "loop").symlink_to(published)
    assert _import(desk, published).status == 0
    held = desk.provider / "trust" / "current"
    assert not {".hidden.yaml", "pipe.yaml", "device.yaml", ".git"} & set(os.listdir(held))
