"""What buyers say of a product, aspect by aspect."""
