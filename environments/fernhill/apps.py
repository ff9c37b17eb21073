"""The oscar app configurations that would load the rooms this shop does not have."""

from importlib import import_module

from oscar.config import Shop as OscarShop
from oscar.core.application import OscarConfig


class Shop(OscarShop):
    """Oscar's root app without its URL tree: `fernhill.urls` names the pages that exist."""

    def ready(self) -> None:
        """Load nothing: the parts are found through `fernhill.urls`."""


class Customer(OscarConfig):
    """The customer tables, which oscar's other apps refer to, without accounts or their pages."""

    label = "customer"
    name = "oscar.apps.customer"

    def ready(self) -> None:
        """Connect the app's signal receivers and load none of its views."""
        import_module("oscar.apps.customer.receivers")


class Dashboard(OscarConfig):
    """The dashboard's package, which one of oscar's template libraries imports, and no pages."""

    label = "dashboard"
    name = "oscar.apps.dashboard"

    def ready(self) -> None:
        """Load no views."""
