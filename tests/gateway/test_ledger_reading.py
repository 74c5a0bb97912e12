"""Pages of the ledger: bounded in bytes and whole; archived shards are unpacked once."""

from pathlib import Path
from threading import Thread

import pytest

from gateway.errors import RequestMalformedError
from gateway.ledger.receipts import receipt_text
from gateway.stores.reading import MAX_READ_BYTES, MAX_UNPACKED, LedgerReading
from gateway.stores.shard_keeping import archive
from gateway.stores.shards import list_shards, shard_of
from tests.gateway.ledger_shards import an_entry, checked, sqlite_ledger


def test_a_page_is_bounded_and_never_empty(tmp_path: Path) -> None:
    """It ends before the entry that is too much; one that is too long stands alone."""
    lengths = [3_000_000, 3_000_000, 3_000_000, MAX_READ_BYTES + 1, 10, 10]
    ledger = sqlite_ledger(tmp_path)
    for number, length in enumerate(lengths):
        ledger.append(an_entry(number, "x" * length))
    ledger.close()
    reading = LedgerReading(tmp_path)
    (shard,) = [one.name for one in reading.shards("", 10)[0]]
    begin, pages = 0, []
    while True:
        page = reading.page(shard, begin, 1000)
        pages.append(len(page.entries))
        assert page.end == begin + len(page.entries)
        begin = page.end
        if not page.more:
            break
    assert pages == [2, 1, 1, 2]
    assert reading.page(shard, len(lengths), 5).entries == []
    with pytest.raises(RequestMalformedError):
        reading.page(shard, len(lengths) + 1, 5)


def test_a_receipt_is_whole_while_others_enter(tmp_path: Path) -> None:
    """Path and checkpoint are of one size, however the ledger grows meanwhile."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    reading = LedgerReading(tmp_path)
    (shard,) = [one.name for one in reading.shards("", 10)[0]]
    writing = Thread(target=lambda: [ledger.append(an_entry(number)) for number in range(300)])
    writing.start()
    sizes = set()
    while writing.is_alive():
        sizes.add(checked(reading.receipt(shard, 0)).size)
    writing.join()
    ledger.close()
    assert len(sizes) > 1


def test_archived_shards_are_read_and_few_are_kept_unpacked(tmp_path: Path) -> None:
    """In any order, each as it was; nothing is left once the reader is closed."""
    receipts = {}
    for number in range(MAX_UNPACKED + 2):
        ledger = sqlite_ledger(tmp_path, clock=lambda now=number: 1000 + now)
        receipt = ledger.append(an_entry(number))
        ledger.close()
        name = shard_of(list_shards(tmp_path)[-1]) or ""
        receipts[name] = receipt_text(receipt)
        archive(tmp_path, name, now=5000)
    reading = LedgerReading(tmp_path)
    assert [one.archived for one in reading.shards("", 10)[0]] == [True] * len(receipts)
    for _ in range(2):
        for name, text in receipts.items():
            made = reading.receipt(name, 0)
            assert receipt_text(made) == text
            assert checked(made).number == 0
            assert len(list(tmp_path.glob(".open-*"))) <= MAX_UNPACKED
    reading.close()
    assert not list(tmp_path.glob(".open-*"))
