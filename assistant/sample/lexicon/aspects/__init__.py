"""What reviewers say, by aspect: good, mixed and bad phrases, each a clause that stands alone, without capital and full stop."""
