"""SQLite, opened at the file that the current request's sandbox owns."""

from typing import Any

from django.db.backends.sqlite3 import base

from town import tenancy


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite backend with the file name taken from `tenancy` at connection time."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return the connection's parameters for the current sandbox.

        Raises `tenancy.NoDatabaseError` outside a sandbox: there is no shared database that a
        mistake could write to.
        """
        parameters: dict[str, Any] = super().get_connection_params()
        parameters["database"] = str(tenancy.database())
        return parameters
