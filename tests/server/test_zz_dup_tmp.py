from collections import Counter
import signal, asyncio, sqlite3, time
from contextlib import closing
from tests.gateway.ledger_shards import entries_of, sqlite_ledger, an_entry
from tests.gateway.ledger_shards import *
from tests.server.test_sidecar_load import _policies, _goes_on, CALLER
from tests.server.papers import put
from tests.server.loading import loading
from tests.server.sidecars import *
from gateway.server.committing import Conductor
from gateway.steps import write
from functools import partial
def test_dup(desk):
    set_callers(desk.provider, CALLER)
    old, new = _policies(desk)
    with sidecar(desk.provider) as served:
        with loading(desk, [served.target("a")], threads=24) as load:
            for content in (new, old, new, old, new):
                put(desk.provider/"policy.yaml", content); served.process.send_signal(signal.SIGHUP)
                assert _goes_on(load, 100)
        served.end()
    es=[e["private"]["detail"] for e in entries_of(desk.provider,"policy")]
    print("POLICY", len(es), [a==b for a,b in zip(es,es[1:])])
def test_loop(tmp_path):
    led=sqlite_ledger(tmp_path); led.append(an_entry(1))
    (path,)=list_shards(tmp_path)
    async def go():
        c=Conductor([led])
        with closing(sqlite3.connect(path, isolation_level=None)) as f:
            f.execute("BEGIN IMMEDIATE")
            def steps(): 
                yield from write(led, partial(led.append, an_entry(2)))
            t=asyncio.create_task(c.drive(steps(), lambda: None))
            await asyncio.sleep(0.5)
            b=time.monotonic(); led.checkpoint(); print("CHECKPOINT", time.monotonic()-b)
            b=time.monotonic(); led.last("policy"); print("LAST", time.monotonic()-b)
            f.execute("ROLLBACK")
            try: await t
            except Exception as e: print(e)
        await c.close()
    asyncio.run(go())
