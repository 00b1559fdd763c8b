"""Policies and orders: questions after the sale."""
