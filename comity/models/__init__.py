"""Chat models: the server that they run on."""
