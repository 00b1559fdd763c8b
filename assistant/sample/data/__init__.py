"""The generated sample store, compressed."""
