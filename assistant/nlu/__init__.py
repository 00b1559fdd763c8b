"""Understanding: from a dialogue to acts."""
