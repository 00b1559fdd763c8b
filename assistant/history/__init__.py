"""What shoppers did and said, and what it implies."""
