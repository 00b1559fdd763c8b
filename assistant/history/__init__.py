"""What the shop remembers: events, conversations, and the profile that events imply."""
