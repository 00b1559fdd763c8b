"""What reviewers say, by aspect and tone: clauses that stand alone, without capital and full stop."""
