"""The console of the command line, which tells results from remarks."""

from __future__ import annotations

from rich.console import Console


class Screen(Console):
    """A console whose remarks (seeds, what is under way, progress bars) can be left out.

    remarks: whether they are shown. `quiet` (rich's own) silences everything: the result is told in another way.
    """

    remarks: bool = True

    def note(self, text: str) -> None:
        """Print a remark, as it stands, in one line."""
        if self.remarks:
            self.print(text, highlight=False, markup=False, soft_wrap=True)
