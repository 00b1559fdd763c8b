"""The service console."""
