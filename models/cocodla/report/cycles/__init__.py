"""Where the cycles of a run went: the facts (summary), differences to another run, and the page that shows both."""
