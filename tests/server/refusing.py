"""A world in which every refusal can be brought about, served."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.authority import Authority
from tests.cli.command import PLAIN_ENTRY, PLAIN_RESOURCE, PROVIDER, REQUESTER, Desk
from tests.gateway.token_forge import read_payload
from tests.server.asking import Asking, asking
from tests.server.forging import DiskForge, Issuer
from tests.server.sidecars import set_callers, sidecar

PROVIDING = (
    {"name": "case-system", "may": ["seal", "explain"]},
    {"name": "slow", "may": ["explain"], "calls_per_second": 1},
)
# What is as good as not installed: whoever imports it fails.
NOT_INSTALLED = "raise ImportError\n"
NARROW = "urn:sealgate:issuer:narrow"
# Resources of ours that differ from the plain one in what stands here.
ENTRIES: dict[str, tuple[str, str]] = {
    "stopped": ("grade: G1\npublished", "grade: G1\nstatus: stopped\npublished"),
    "unshared": ("share: {class: unconditional}", "share: {class: none, basis: 法}"),
    "unreviewed": ("secrecy_review: {date: 2026-02-10, reference: 青民保审〔2026〕9号}\n", ""),
    "agreed": ("tracing: 无}", "tracing: 无, agreement: true}"),
    "important": ("grade: G1", "grade: IMPORTANT"),
    "others": (f"department: {PROVIDER}, name: 青岚市民政局", f"department: {REQUESTER}, name: 局"),
}
CODES = {name: f"30700100900{place:02}/0000{place:02}" for place, name in enumerate(ENTRIES, 10)}


class Live(NamedTuple):
    """A provider and a requester that are served, and whoever writes what is wrong."""

    desk: Desk
    provider: Asking
    slow: Asking
    requester: Asking
    issuer: Issuer
    forge: DiskForge
    taken_back: str


@contextmanager
def refusing(founded: Path, folder: Path) -> Iterator[Live]:
    """Serve a copy of the founded world, with what is wanting in it, in a folder."""
    desk = Desk(folder / "world")
    shutil.copytree(founded, desk.folder, symlinks=True)
    taken_back = _prepared(desk)
    (folder / "presidio_analyzer.py").write_text(NOT_INSTALLED)
    forge = DiskForge(desk)
    with (
        sidecar(desk.provider, path=str(folder)) as provider,
        sidecar(desk.requester) as requester,
        asking(provider.target(), desk) as case_system,
        asking(provider.target("slow"), desk) as slow,
        asking(requester.target("desk"), desk) as opening,
    ):
        yield Live(desk, case_system, slow, opening, Issuer(desk), forge, taken_back)


def _prepared(desk: Desk) -> str:
    """Prepare catalogue, issuers and callers; return a grant that was taken back."""
    trust = desk.authority / "trust"
    for name, (old, new) in ENTRIES.items():
        entry = PLAIN_ENTRY.replace(PLAIN_RESOURCE, CODES[name]).replace(old, new)
        assert old in PLAIN_ENTRY
        (trust / "catalogue" / "resources" / f"{name}.yaml").write_text(entry, "utf-8")
    issuers = (trust / "issuers.yaml").read_text("utf-8")
    _, _, wide = issuers.partition("\n")
    iss = wide.split("iss: ")[1].split("\n")[0]
    narrow = wide.replace(iss, NARROW).replace("resources:\n  - '*'", "resources:\n  - none/such")
    (trust / "issuers.yaml").write_text(issuers + narrow, "utf-8")
    token = desk.issue("taken-back").read_text("ascii").strip()
    claims = read_payload(token)
    assert isinstance(claims, dict)
    Authority(desk.authority).revoke(claims["jti"])
    desk.share()
    set_callers(desk.provider, PROVIDING)
    set_callers(desk.requester, [{"name": "desk", "may": ["open"]}])
    return token
