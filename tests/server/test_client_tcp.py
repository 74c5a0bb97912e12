"""A client by TCP: mutual TLS, certificates renewed under it, and files that do not fit."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gateway.client import AsyncClient, Client, RefusedError, Tls
from gateway.errors import ConfigurationInvalidError
from tests.cli.command import ROW, Desk
from tests.server import papers
from tests.server.papers import SPIFFE, Paper
from tests.server.sidecars import about, set_callers, sidecar


class Listening(NamedTuple):
    """A provider that listens, its authority, and what calls are about."""

    authority: Paper
    port: int
    about: dict[str, Any]

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"localhost:{self.port}"

    def issue(self, folder: Path, own: Paper | None = None) -> Path:
        """Lay a caller's files into a folder; return it."""
        folder.mkdir(exist_ok=True)
        (own or papers.client(self.authority)).write(folder, "client")
        papers.put(folder / "ca.crt", self.authority.pem)
        return folder


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def listening(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Serve a provider by TCP."""
    folder = tmp_path_factory.mktemp("listening") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    desk, authority, port = Desk(folder), papers.authority(), free_port()
    papers.lay(desk.provider, authority, papers.server(authority))
    set_callers(desk.provider, [{"name": "a", "may": ["seal"], "certificates": [SPIFFE]}])
    file = desk.provider / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["listen"] = {"address": f"127.0.0.1:{port}"}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    with sidecar(desk.provider, workers=2):
        yield Listening(authority, port, about(desk))


def test_both_clients_call_by_tcp(listening: Listening, tmp_path: Path) -> None:
    """By a folder of files or by each, an address or a URL, over one connection or several."""
    folder = listening.issue(tmp_path / "caller")
    for where, tls in (
        (listening.address, folder),
        (f"https://{listening.address}", str(folder)),
        (f"https://{listening.address}/", Tls.folder(folder)),
    ):
        with Client(where, tls=tls, connections=3) as client:
            assert client.seal([ROW], **listening.about).records == 1
            assert "3 channels" in repr(client)

    async def work() -> None:
        async with AsyncClient(listening.address, tls=folder) as client:
            assert (await client.seal([ROW], **listening.about)).records == 1
            parts = [part async for part in client.seal_stream([[ROW]] * 3, **listening.about)]
            assert [part.last for part in parts] == [False, False, True]

    asyncio.run(work())


def test_a_certificate_of_nobody_is_refused(listening: Listening, tmp_path: Path) -> None:
    """By the sidecar where its authority vouches, else there is no connection."""
    stranger = papers.client(listening.authority, "spiffe://qinglan.example/other")
    with (
        Client(listening.address, tls=listening.issue(tmp_path / "other", stranger)) as client,
        pytest.raises(RefusedError, match="CALLER_FORBIDDEN"),
    ):
        client.status()
    foreign = papers.client(papers.authority("foreign"))
    folder = listening.issue(tmp_path / "foreign", foreign)
    with (
        Client(listening.address, tls=folder, timeout=0.5) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.status()
    assert caught.value.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    assert not caught.value.answered


def test_renewed_files_count_without_a_new_client(listening: Listening, tmp_path: Path) -> None:
    """Half of a pair is not taken over; a stream that runs meanwhile comes to its end."""
    stranger = papers.client(listening.authority, "spiffe://qinglan.example/other")
    folder = listening.issue(tmp_path / "renewed")
    with Client(listening.address, tls=folder) as client:
        assert client.status().department
        go_on = threading.Event()

        def batches() -> Iterator[list[dict[str, object]]]:
            yield [dict(ROW)]
            yield [dict(ROW)]
            go_on.wait(30)
            yield [dict(ROW)]

        stream = client.seal_stream(batches(), **listening.about)
        assert next(stream).number == 1
        papers.put(folder / "client.crt", stranger.pem)
        time.sleep(1.1)
        assert client.status().department
        papers.put(folder / "client.key", stranger.key_pem)
        time.sleep(1.1)
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            client.status()
        go_on.set()
        assert [part.number for part in stream] == [2, 3]
        listening.issue(folder)
        time.sleep(1.1)
        assert client.status().department


def test_renewed_files_count_for_asyncio_too(listening: Listening, tmp_path: Path) -> None:
    """And a stream that runs meanwhile comes to its end there as well."""
    folder = listening.issue(tmp_path / "renewed-async")

    async def work() -> None:
        async with AsyncClient(listening.address, tls=folder) as client:
            go_on = asyncio.Event()

            async def batches() -> AsyncIterator[list[Mapping[str, object]]]:
                yield [ROW]
                yield [ROW]
                await go_on.wait()
                yield [ROW]

            stream = client.seal_stream(batches(), **listening.about)
            first = await anext(stream)
            stranger = papers.client(listening.authority, "spiffe://qinglan.example/other")
            listening.issue(folder, stranger)
            await asyncio.sleep(1.1)
            with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
                await client.status()
            go_on.set()
            assert [first.number, *[part.number async for part in stream]] == [1, 2, 3]

    asyncio.run(work())


def test_files_that_do_not_fit_are_named(listening: Listening, tmp_path: Path) -> None:
    """Before anything is connected; no key is quoted."""
    folder = listening.issue(tmp_path / "broken")
    key = (folder / "client.key").read_text()
    other = papers.client(listening.authority)
    for name, content in (
        ("client.key", other.key_pem),
        ("client.key", b"no key"),
        ("client.crt", b"none"),
        ("ca.crt", b""),
    ):
        good = (folder / name).read_bytes()
        papers.put(folder / name, content)
        with pytest.raises(ConfigurationInvalidError) as caught:
            Client(listening.address, tls=folder)
        papers.put(folder / name, good)
        assert name in caught.value.message
        assert key.splitlines()[1] not in caught.value.message
    (folder / "ca.crt").unlink()
    with pytest.raises(FileNotFoundError, match=r"ca\.crt"):
        Client(listening.address, tls=folder)
