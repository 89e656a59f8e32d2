"""Programs: commands, their file format, readers of foreign formats, and what an execution leaves behind."""
