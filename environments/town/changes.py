"""Every row of a sandbox that is not as it was handed out."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from town.tenancy import Sandbox

# Tables that change when a visitor merely looks around. A session's key is random as well, and the
# product counters of oscar's analytics only say which pages were opened, which the browser knows.
BOOKKEEPING = ("django_session", "sqlite_sequence", "analytics_")


def changed_rows(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the rows that differ from the sandbox's seed, in the order of tables and keys."""
    with contextlib.closing(sqlite3.connect(f"{sandbox.path.as_uri()}?mode=ro", uri=True)) as now:
        now.execute("ATTACH ? AS seed", (f"{sandbox.seed.as_uri()}?mode=ro",))
        tables = now.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        return [
            row
            for (table,) in sorted(tables.fetchall())
            if not table.startswith(BOOKKEEPING)
            for row in _rows_of(now, table)
        ]


def _rows_of(now: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    info = now.execute(f'PRAGMA main.table_info("{table}")').fetchall()
    columns = [column[1] for column in info]
    keys = [column[1] for column in info if column[5]]

    same_row = " AND ".join(f'here."{key}" = there."{key}"' for key in keys)
    # A row that is missing there is all NULL, which its key is not.
    differs = " OR ".join(f'here."{column}" IS NOT there."{column}"' for column in columns)

    def only_in(here: str, there: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        rows = now.execute(
            f'SELECT here.* FROM {here}."{table}" AS here '
            f'LEFT JOIN {there}."{table}" AS there ON {same_row} WHERE {differs}'
        ).fetchall()
        named = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
        return {tuple(row[key] for key in keys): row for row in named}

    after, before = only_in("main", "seed"), only_in("seed", "main")
    changes = []
    for key in sorted(after.keys() | before.keys(), key=str):
        if key not in before:
            change = "added"
        elif key not in after:
            change = "removed"
        else:
            change = "changed"
        changes.append(
            {
                "table": table,
                "change": change,
                "row": after.get(key) or before[key],
                "before": before[key] if change == "changed" else None,
            }
        )
    return changes


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
