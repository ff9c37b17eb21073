"""A Django database backend whose file is chosen for each request."""
