"""One file a department: its shelves, brands, prices, sizes and features."""
