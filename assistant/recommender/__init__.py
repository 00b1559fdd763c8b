"""Recommenders: who is asking and what was found in; an ordered list with its proof out."""
