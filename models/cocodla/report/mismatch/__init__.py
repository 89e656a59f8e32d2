"""What is known of a mismatch, as text, page and JSON: facts -> text, page, files."""
