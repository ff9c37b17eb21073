"""Fernhill Gifts: a real django-oscar shop."""
