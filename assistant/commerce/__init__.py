"""Carts, wishlists and orders in integer cents."""
