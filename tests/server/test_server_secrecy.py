"""Marked secrets go into every call; nothing that the sidecar says or prints holds them."""

from gateway.client import RefusedError
from gateway.stores.shards import list_shards
from tests.cli.command import ROW, Desk
from tests.gateway.ledger_shards import entries_of
from tests.gateway.marks import Marks, Net
from tests.server.sidecars import about, set_callers, sidecar

MARK = "标记MARK4711"


def test_no_value_and_no_token_comes_out_of_a_sidecar(desk: Desk) -> None:
    """Standard output, standard error, the ledger, refusals: all searched."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal", "explain", "open"]}])
    marked = {**ROW, "name": MARK, "address": f"{MARK}路1号"}
    call, net = about(desk), Net()
    with sidecar(desk.provider) as served, served.client("a") as client:
        client.seal([marked], **call)
        for records in (
            [{**marked, "household_size": MARK}],
            [{**marked, MARK: 1}],
            [{"name": MARK}],
            f'[{{"name": "{MARK}"',
            f"{MARK}",
        ):
            try:
                client.seal(records, **call)
            except RefusedError as refusal:
                net.take(refusal, refusal.message, refusal.message_zh, list(refusal.violations))
        for broken in ({"grant": call["grant"][:-4]}, {"resource": MARK}, {"purpose": MARK}):
            try:
                client.seal([marked], **{**call, **broken})
            except RefusedError as refusal:
                net.take(refusal, refusal.message, refusal.message_zh)
        try:
            client.open(MARK.encode() * 100)
        except RefusedError as refusal:
            net.take(refusal)
        assert len(net.caught) >= 9
        served.process.terminate()
        out, errors = served.process.communicate(timeout=30)
    net.take(out, errors)
    shards = list_shards(desk.provider / "ledger")
    for path in (desk.provider / "ledger").iterdir():
        net.take(path.read_bytes())
    marks = Marks(value=MARK, token=call["grant"], signature=call["grant"].rpartition(".")[2])
    assert marks.found_in(net.caught) == set()
    assert "Traceback" not in errors
    assert shards
    assert entries_of(desk.provider, "seal", writer="worker-0")
