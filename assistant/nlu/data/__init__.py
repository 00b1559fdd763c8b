"""The teacher's book and the dialogue generator."""
