"""Quotas and claims in one SQLite file, shared by all processes of a node."""

from datetime import date, timedelta
from pathlib import Path

from gateway.stores.grouped import GroupedDatabase

# Clocks of processes differ, by less than this.
KEPT_DAYS = timedelta(days=7)
# Claims past their envelope's expiry are swept in this many at a time.
SWEEP_ROWS = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS quota (
    grant_id TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (grant_id, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    sender TEXT NOT NULL, envelope BLOB NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (sender, envelope)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quota_day ON quota (day);
CREATE INDEX IF NOT EXISTS claim_expires ON claim (expires);
"""


class SqliteState:
    """A QuotaStore and a ClaimStore; threads may share one.

    A change is durable when its method returns, or at the end of `together`.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, which is made if there is none.

        Raises: LedgerUnavailableError.
        """
        self._database = GroupedDatabase(path, _SCHEMA)
        self._run = self._database.run
        self.together = self._database.together
        self.close = self._database.close

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Charge `rows` to (grant, day) if they fit; else return the rows used."""
        # Days long over count no more, and would pile up.
        past = date.fromisoformat(day) - KEPT_DAYS
        self._run(
            "DELETE FROM quota WHERE (grant_id, day) IN "
            "(SELECT grant_id, day FROM quota WHERE day < ? LIMIT ?)",
            (past.isoformat(), SWEEP_ROWS),
        )
        if rows <= limit and self._run(
            "INSERT INTO quota VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET used = used + ?3 "
            "WHERE used + ?3 <= ?4 RETURNING used",
            (grant, day, rows, limit),
        ):
            return None
        used = self._run("SELECT used FROM quota WHERE grant_id = ? AND day = ?", (grant, day))
        return used[0][0] if used else 0

    def claim(self, sender: str, envelope_id: bytes, expires: int, now: int) -> bool:
        """Claim (sender, id); False if it was claimed before. Times in ms."""
        self._run(
            "DELETE FROM claim WHERE (sender, envelope) IN "
            "(SELECT sender, envelope FROM claim WHERE expires < ? LIMIT ?)",
            (now, SWEEP_ROWS),
        )
        return bool(
            self._run(
                "INSERT INTO claim VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                (sender, envelope_id, expires),
            )
        )

    def release(self, sender: str, envelope_id: bytes) -> None:
        """Give a claim back."""
        self._run("DELETE FROM claim WHERE sender = ? AND envelope = ?", (sender, envelope_id))
