"""Folders are read within limits and written whole; trust data on disk goes forward only."""

import os
import shutil
from pathlib import Path

import pytest

from gateway.config import Places
from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.founding import found_world
from gateway.stores import files as stores
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.stores.trust_folder import KEPT_VERSIONS, copy_out, install_trust

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Found a world on disk; read what its authority published."""
    world = found_world(tmp_path_factory.mktemp("folder") / "world")
    return read_folder(Places(world.place("authority")).trust, TRUST_SUFFIXES)


def _version(files: Files, version: int) -> Files:
    lines = files["trust.yaml"].decode().splitlines()
    changed = [f"version: {version}" if line.startswith("version") else line for line in lines]
    return {**files, "trust.yaml": "\n".join(changed).encode()}


def _install(folder: Path, files: Files) -> int:
    return install_trust(folder, files, system_clock() // 1000).version


def test_a_folder_is_read_by_path_below_it(tmp_path: Path) -> None:
    """Sorted, only the suffixes asked for; a link to a folder is not followed."""
    for name in ("b.yaml", "a/c.yaml", "a/d.jwt", "e.txt", ".f.yaml", ".g/h.yaml", "a/.i/j.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, "utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "linked.yaml").symlink_to(tmp_path / "b.yaml")
    found = read_folder(tmp_path, (".yaml", ".jwt"))
    assert list(found) == ["a/c.yaml", "a/d.jwt", "b.yaml", "linked.yaml"]
    assert found["a/d.jwt"] == b"a/d.jwt"
    assert list(read_folder(tmp_path, (".txt",))) == ["e.txt"]
    assert read_folder(tmp_path / "loop", (".txt",))


@pytest.mark.parametrize(
    ("limit", "value"),
    [("MAX_FILES", 2), ("MAX_ENTRIES", 3), ("MAX_FILE_BYTES", 9), ("MAX_FOLDER_BYTES", 29)],
)
def test_a_folder_that_holds_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """By files, by entries of any name, by bytes of one and of all; one less is read."""
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).write_bytes(b"x" * 10)
    (tmp_path / "d.txt").write_bytes(b"")
    monkeypatch.setattr(stores, limit, value)
    with pytest.raises(ConfigurationInvalidError, match="holds too much"):
        read_folder(tmp_path, (".yaml",))
    monkeypatch.setattr(stores, limit, value + 1)
    assert len(read_folder(tmp_path, (".yaml",))) == 3


def test_a_part_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    """Departments that are passed over would be departments that are not there."""
    (tmp_path / "a").mkdir()
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(ConfigurationInvalidError, match="no folder"):
        read_folder(tmp_path / "a", (".yaml",))
    seen: list[str] = []

    def fail(path: str, onerror: object = None) -> object:
        seen.append(os.fspath(path))
        assert callable(onerror)
        onerror(PermissionError(13, "denied", os.fspath(path)))
        return iter(())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "walk", fail)
        with pytest.raises(PermissionError):
            read_folder(tmp_path, (".yaml",))
    assert seen == [str(tmp_path)]


def test_trust_goes_forward_in_whole_versions(tmp_path: Path, published: Files) -> None:
    """A few older ones stay to be looked at; what a killed import left does not matter."""
    folder = tmp_path / "trust"
    for version in (10, 10, 11, 20, 21, 22):
        assert _install(folder, _version(published, version)) == version
    with pytest.raises(TrustStaleError):
        _install(folder, _version(published, 21))
    assert len(list((folder / "versions").iterdir())) == KEPT_VERSIONS + 1
    assert not (folder / ".current").exists()
    # Killed between its steps: a half version, and a link not yet in its place.
    half = folder / "versions" / "00000023.0"
    half.mkdir()
    (half / "trust.yaml").write_bytes(b"vers")
    (folder / ".current").symlink_to("versions/00000023.0")
    assert read_folder(folder / "current", TRUST_SUFFIXES) == _version(published, 22)
    assert _install(folder, _version(published, 23)) == 23
    assert read_folder(folder / "current", TRUST_SUFFIXES) == _version(published, 23)


def test_a_current_of_an_odd_name_is_judged_by_what_is_in_it(
    tmp_path: Path, published: Files
) -> None:
    """Somebody may have pointed it elsewhere by hand."""
    folder = tmp_path / "trust"
    _install(folder, _version(published, 30))
    (folder / "versions" / "00000030.0").rename(folder / "mine")
    (folder / "current").unlink()
    (folder / "current").symlink_to("mine")
    with pytest.raises(TrustStaleError):
        _install(folder, _version(published, 29))
    (folder / "mine" / "trust.yaml").write_bytes(b"")
    assert _install(folder, _version(published, 29)) == 29


def test_a_copy_appears_whole_or_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last step fails."""
    folder = tmp_path / "out"
    copy_out({"trust.yaml": b"1", "a/b.yaml": b"1"}, folder)
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if target == folder and not path.name.endswith(".old"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(OSError, match="No space"):
            copy_out({"trust.yaml": b"2"}, folder)
    assert read_folder(folder, (".yaml",)) == {"a/b.yaml": b"1", "trust.yaml": b"1"}
    assert os.listdir(tmp_path) == ["out"]
    copy_out({"trust.yaml": b"2"}, folder)
    assert read_folder(folder, (".yaml",)) == {"trust.yaml": b"2"}
    assert os.listdir(tmp_path) == ["out"]
