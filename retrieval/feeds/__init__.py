"""One reader a feed format: files in, rows (name -> value) out."""
