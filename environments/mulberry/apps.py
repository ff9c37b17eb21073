"""The forum's own app: what machina does not have."""

from django.apps import AppConfig


class Mulberry(AppConfig):
    """The app with the votes."""

    label = "mulberry"
    name = "mulberry"
