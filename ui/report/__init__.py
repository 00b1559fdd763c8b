"""The evaluation reports."""
