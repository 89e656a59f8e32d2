"""What the user sees of a regression: terminal, page, JUnit file."""
