"""The Django project that all sites live in: one process, and one SQLite file for each case."""
