"""What is said to a language model, versioned."""
