"""One reader a feed format."""
