"""Reorders and fills lists for a shopper."""
