"""The page on the sidecar and the service have the same calls and rights."""

import inspect
import re
from typing import get_args

from gateway.config import Right
from gateway.server.service import SidecarService
from gateway.v1 import sidecar_pb2 as v1
from tests.docs.tables import ROOT, bare, both_languages, page, table

TEXT = page("reference/sidecar.md")
CALLS = table(TEXT, "Calls")


def test_the_page_has_every_call() -> None:
    """In the order of the protos, in both languages."""
    methods = v1.DESCRIPTOR.services_by_name["Sidecar"].methods
    assert [bare(row[0]) for row in CALLS] == [method.name for method in methods]
    assert all(both_languages(row[2]) for row in CALLS)


def checked(name: str) -> list[str]:
    """Return the rights that a method of the service checks."""
    return re.findall(
        r'self\.caller\.check\("(\w+)"', inspect.getsource(getattr(SidecarService, name))
    )


def test_each_call_asks_for_the_right_that_is_told() -> None:
    """By what its method checks; a dash stands for none."""
    for row in CALLS:
        name = re.sub("(?<=[a-z])(?=[A-Z])", "_", bare(row[0])).lower()
        if name.startswith("seal"):
            assert "self._wanted(" in inspect.getsource(getattr(SidecarService, name))
            name = "_wanted"
        assert checked(name) == ([] if row[1] == "—" else [bare(row[1])])
    assert {bare(row[1]) for row in CALLS} - {"—"} == set(get_args(Right))


def test_every_message_and_field_is_described() -> None:
    """In the protos, which `buf lint` holds to it too."""
    text = (ROOT / "protos" / "gateway" / "v1" / "sidecar.proto").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines):
        if re.match(r"(rpc|message|enum|service|oneof) |[\w<>, ]+ \w+ = \d+;|[A-Z_]+ = \d+;", line):
            assert lines[number - 1].startswith("//"), line
