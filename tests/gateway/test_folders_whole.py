"""A folder that takes another's place is whole, and the other is not lost if it cannot."""

from pathlib import Path

import pytest

from gateway.stores.files import write_folder

OLD, NEW = {"a.yaml": b"old"}, {"a.yaml": b"new", "deep/b.yaml": b"new"}


def _held(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    """With its mode, and nothing left beside."""
    folder = tmp_path / "made"
    write_folder(OLD, folder)
    folder.chmod(0o700)
    write_folder(NEW, folder)
    assert _held(folder) == NEW
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [folder]


def test_what_stood_there_is_kept_if_somebody_comes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither theirs nor the old one is lost."""
    folder = tmp_path / "made"
    write_folder(OLD, folder)
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            folder.mkdir()
            (folder / "theirs").write_bytes(b"theirs")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(OSError, match="not empty"):
        write_folder(NEW, folder)
    assert _held(folder) == {"theirs": b"theirs"}
    (old,) = tmp_path.glob(".made.*.old")
    assert _held(old) == OLD
    assert not list(tmp_path.glob(".made.*.new"))
