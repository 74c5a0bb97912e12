"""Who finds which change of a ledger: `verify` alone, a receipt, a recipient, or a witness.

Whoever holds a shard's file and no key is found by `verify` wherever he changes what was
signed for. Whoever holds the key can sign for anything, an older state among it: he is found
by what left the house before. What nobody finds stands here as well.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.config import Places
from gateway.ledger.receipts import receipt_text
from gateway.model.call import Entry
from gateway.node import Node
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shards import ShardReader, list_shards
from tests.cli.command import call
from tests.gateway.forge import rows
from tests.gateway.ledger_shards import sqlite_ledger
from tests.gateway.worker import Town, found_town

# Four ways to find a change, by what `sealgate ledger verify` is given.
VERIFY, RECEIPT, RECIPIENT, WITNESS = "verify", "receipt", "recipient", "witness"
ALL = {VERIFY, RECEIPT, RECIPIENT, WITNESS}
OUTSIDE = {RECEIPT, RECIPIENT, WITNESS}
