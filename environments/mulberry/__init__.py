"""Mulberry Square: a real django-machina forum."""
