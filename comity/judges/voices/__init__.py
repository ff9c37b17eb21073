"""Whose voices an answer lets speak: finding references to perspectives, and how well they are."""
