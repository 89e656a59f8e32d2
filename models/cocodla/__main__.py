"""`python -m cocodla`: the command line."""

from cocodla.cli import main

main()
