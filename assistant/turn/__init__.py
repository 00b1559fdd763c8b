"""What carries a turn out: looks things up, searches, fills the cart, answers, remembers."""
