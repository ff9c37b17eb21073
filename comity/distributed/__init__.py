"""Under pytest-xdist: the controller runs the cases, and its workers ask it for their outcomes."""
