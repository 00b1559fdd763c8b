"""Finds products; knows nothing of dialogues or shoppers."""
