"""Carts, wishlists, orders and shoppers: integer cents, idempotent writes."""
