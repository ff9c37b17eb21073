"""The browser that an agent acts in, and the client of the sites' control protocol."""
