"""What a case left behind: its basket, its orders, and every row that is not as it was seeded."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from oscar.core.loading import get_model

from fernhill.catalogue import Catalogue
from fernhill.tenancy import Sandbox

# Tables that change when a visitor merely looks around. A session's key is random as well, and the
# product counters of oscar's analytics only say which pages were opened, which the browser knows.
BOOKKEEPING = ("django_session", "sqlite_sequence", "analytics_")


def read_state(sandbox: Sandbox, catalogue: Catalogue) -> dict[str, Any]:
    """Return the sandbox's state, ready for JSON (README.md states its fields)."""
    return {
        "basket": _basket(catalogue),
        "orders": _orders(catalogue),
        "posts": [],
        "topics": [],
        "changed": _changed(sandbox),
    }


def _basket(catalogue: Catalogue) -> list[dict[str, Any]]:
    lines = (
        get_model("basket", "Line")
        .objects.filter(basket__status="Open")
        .select_related("product")
        .order_by("pk")
    )
    return [
        {
            "product": line.product.upc,
            "title": line.product.title,
            "quantity": line.quantity,
            "price": str(line.price_incl_tax),
            "tags": catalogue.tags_of(line.product.upc),
        }
        for line in lines
    ]


def _orders(catalogue: Catalogue) -> list[dict[str, Any]]:
    orders = get_model("order", "Order").objects.order_by("pk")
    return [
        {
            "number": order.number,
            "total": str(order.total_incl_tax),
            "currency": order.currency,
            "ship_to": _ship_to(order),
            "lines": [
                {
                    "product": line.upc,
                    "title": line.title,
                    "quantity": line.quantity,
                    "price": str(line.unit_price_incl_tax),
                    "tags": catalogue.tags_of(line.upc),
                }
                for line in order.lines.order_by("pk")
            ],
        }
        for order in orders
    ]


def _ship_to(order: Any) -> dict[str, str]:
    address = order.shipping_address
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "line1": address.line1,
        "city": address.line4,
        "postcode": address.postcode,
        "country": address.country_id,
        "email": order.guest_email or "",
    }


def _changed(sandbox: Sandbox) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"{sandbox.path.as_uri()}?mode=ro", uri=True)) as now:
        now.execute("ATTACH ? AS seed", (f"{sandbox.seed.as_uri()}?mode=ro",))
        tables = now.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        return [
            row
            for (table,) in sorted(tables.fetchall())
            if not table.startswith(BOOKKEEPING)
            for row in _changed_rows(now, table)
        ]


def _changed_rows(now: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    info = now.execute(f'PRAGMA main.table_info("{table}")').fetchall()
    columns = [column[1] for column in info]
    keys = [column[1] for column in info if column[5]]

    def only_in(here: str, there: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        rows = now.execute(
            f'SELECT * FROM {here}."{table}" EXCEPT SELECT * FROM {there}."{table}"'
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
