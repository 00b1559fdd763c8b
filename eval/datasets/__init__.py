"""Loaders for public data sets."""
