"""Evidence, explanation and wording of replies."""
