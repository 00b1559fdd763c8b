"""The sample store: generator and shipped data."""
