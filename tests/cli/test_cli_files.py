"""Output files appear whole or not at all, and nothing is left behind that others could read."""

import os
import resource
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from gateway.stores import files
from gateway.stores.files import whole_file, write_whole
from tests.cli.command import COMMAND, PUBLIC_RESOURCE, PUBLIC_ROW, RESOURCE, Desk, environment

KEPT = b"what was here before\n"


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _run_limited(size: int, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command on a disk that is full behind `size` bytes of a file."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: _limit(size),
    )


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, form: str) -> None:
    """Told with its cause; no temporary file stays."""
    out = tmp_path / f"r.{form}"
    out.write_bytes(KEPT)
    ended = _run_limited(100_000, "sample", "--resource", RESOURCE, "--rows", 5000, "--out", out)
    assert ended.returncode == 1
    assert b"File too large" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert out.read_bytes() == KEPT
    assert os.listdir(tmp_path) == [out.name]


def _sealed(desk: Desk, rows: int) -> None:
    records = [{**PUBLIC_ROW, "name": "一个很长的社会组织名称" * 8}] * rows
    assert desk.seal_public(desk.write(records, "r.json"), "--stream").status == 0


def test_a_full_disk_while_opening_leaves_the_old_file(desk: Desk) -> None:
    """What was opened can be opened again."""
    _sealed(desk, 2000)
    out, manifest = desk.folder / "o.json", desk.folder / "m.json"
    out.write_bytes(KEPT)
    open_ = ("open", "--node", desk.requester, desk.envelope, "--out", out, "--manifest", manifest)
    ended = _run_limited(600_000, *open_)
    assert ended.returncode == 1, ended.stderr
    assert b"File too large" in ended.stderr
    assert out.read_bytes() == KEPT
    assert not manifest.exists()
    assert not desk.left_behind()
    assert _run_limited(-1, *open_, "--reopen").returncode == 0
    assert out.stat().st_size > 600_000


def test_a_full_disk_while_sealing_leaves_neither_envelope_nor_rejects(desk: Desk) -> None:
    """The old ones stay."""
    rows = [{**PUBLIC_ROW, "name": "一个很长的社会组织名称" * 8}, {"name": 1}] * 2000
    records, rejects = desk.write(rows, "r.json"), desk.folder / "rejects"
    for path in (desk.envelope, rejects):
        path.write_bytes(KEPT)
    arguments = desk.seal_arguments(
        records, "--resource", PUBLIC_RESOURCE, "--rejects", rejects, grant=desk.public
    )
    ended = _run_limited(150_000, *arguments)
    assert ended.returncode == 1, ended.stderr
    assert desk.envelope.read_bytes() == KEPT
    assert rejects.read_bytes() == KEPT
    assert not desk.left_behind()


def test_a_refusal_leaves_the_old_files(desk: Desk) -> None:
    """Of every output."""
    rejects = desk.folder / "rejects"
    for path in (desk.envelope, rejects):
        path.write_bytes(KEPT)
    records = desk.write([{**PUBLIC_ROW, "blood_type": "A"}], "r.json")
    answer = desk.seal_public(records, "--rejects", rejects)
    assert answer.code == "FIELD_UNCATALOGUED"
    out = desk.folder / "opened.json"
    out.write_bytes(KEPT)
    assert desk.open().code == "ENVELOPE_MALFORMED"
    assert {path.read_bytes() for path in (desk.envelope, rejects, out)} == {KEPT}
    assert not desk.left_behind()


def _writing(out: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """Start the command; return when it has begun to write below the folder of `out`."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    handles = Path(f"/proc/{process.pid}/fd")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for handle in os.listdir(handles):
            try:
                name, found = os.readlink(handles / handle), os.stat(handles / handle)
            except OSError:
                continue
            if name.startswith(str(out.parent)) and stat.S_ISREG(found.st_mode) and found.st_size:
                # Nobody else may read it while it grows.
                assert stat.S_IMODE(found.st_mode) & 0o077 == 0
                return process
        time.sleep(0.005)
    raise AssertionError(process.communicate())


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, 1)]
)
def test_a_killed_command_leaves_the_old_file(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """And no temporary one, even where it could not clean up; Ctrl-C has no traceback."""
    out = tmp_path / "r.ndjson"
    out.write_bytes(KEPT)
    process = _writing(out, "sample", "--resource", RESOURCE, "--rows", 5_000_000, "--out", out)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert out.read_bytes() == KEPT
    assert os.listdir(tmp_path) == [out.name]
    assert err.decode() == ("sealgate: interrupted 已中断\n" if number == signal.SIGINT else "")


def test_a_killed_opening_leaves_nothing_to_read(desk: Desk) -> None:
    """Records in the clear least of all."""
    _sealed(desk, 20_000)
    out = desk.folder / "clear" / "o.json"
    out.parent.mkdir()
    process = _writing(out, "open", "--node", desk.requester, desk.envelope, "--out", out)
    process.kill()
    process.communicate(timeout=60)
    assert not os.listdir(out.parent)


@pytest.fixture(params=["nameless", "named"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a folder, on a file system that knows files without a name, and on one that does not."""
    if request.param == "named":
        monkeypatch.setattr(files, "_open_nameless", lambda _: None)
    return tmp_path


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_takes_its_mode_with_its_name(folder: Path, mode: int) -> None:
    """Until then it is its owner's alone, whatever the umask."""
    before = os.umask(0)
    try:
        path = folder / "f"
        with whole_file(path, mode) as file:
            file.write(b"x" * 100_000)
            assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
            assert not path.exists()
            for name in os.listdir(folder):
                assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert os.listdir(folder) == ["f"]
    finally:
        os.umask(before)


def test_a_block_that_fails_writes_nothing(folder: Path) -> None:
    """Whatever is raised, and however much was written."""
    path = folder / "f"
    path.write_bytes(KEPT)

    def fail(error: BaseException) -> None:
        with whole_file(path) as file:
            file.write(b"x" * 1_000_000)
            raise error

    for error in (ValueError(), KeyboardInterrupt(), SystemExit(1)):
        with pytest.raises(type(error)):
            fail(error)
        assert path.read_bytes() == KEPT
        assert os.listdir(folder) == ["f"]


def test_a_link_stays_a_link(folder: Path) -> None:
    """The file that it leads to is replaced, or made."""
    (folder / "there").mkdir()
    link = folder / "link"
    link.symlink_to("there/file")
    for content in (b"1", b"2"):
        write_whole(link, content)
        assert link.is_symlink()
        assert (folder / "there" / "file").read_bytes() == content


def test_other_places_are_refused_at_once(folder: Path) -> None:
    """A folder, a device, a pipe: they would be replaced by a file."""
    os.mkfifo(folder / "pipe")
    for path in (folder, Path("/dev/null"), folder / "pipe", folder / "no" / "f"):
        with pytest.raises(OSError, match=r".") as caught, whole_file(path):
            raise AssertionError("the block ran")
        assert caught.value.filename
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(FileNotFoundError):
        write_whole(folder / "gone" / "f", b"")


def test_long_names_can_be_written(folder: Path) -> None:
    """As long as the file system takes."""
    write_whole(folder / ("n" * 255), b"x")
    assert os.listdir(folder) == ["n" * 255]


def test_writers_at_once_each_write_a_whole_file(folder: Path) -> None:
    """One of them wins."""
    path = folder / "f"
    with whole_file(path) as first, whole_file(path) as second:
        first.write(b"1" * 1000)
        second.write(b"2" * 1000)
    assert path.read_bytes() == b"1" * 1000
