"""Metamorphic relations: how a scenario may be changed, and what must then hold."""
