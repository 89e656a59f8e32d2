"""Files of others, judged before they are read, and files of ours, written whole or not at all."""
