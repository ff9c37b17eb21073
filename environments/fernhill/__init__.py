"""Fernhill Gifts: a real django-oscar shop in which each test case has a database of its own."""
