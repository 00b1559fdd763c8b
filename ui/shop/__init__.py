"""The shopper's page."""
