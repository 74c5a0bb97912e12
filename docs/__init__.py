"""Pages, and what generates parts of them. Not installed."""
