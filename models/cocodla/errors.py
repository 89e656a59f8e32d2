"""What ends a command in one line: an input that breaks a rule, or a fault that the project finds in itself."""


def one_line(text: str) -> str:
    """A message as a terminal can show it: one line, without characters that would act on the terminal.

    Names in files of others may hold any.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))


class UserError(Exception):
    """An error the user can cause and mend.

    The message is one line that names the thing, the rule and the value. The command line prints
    it and exits with status 2; library code lets it pass.
    """


class Fault(RuntimeError):
    """A check of the project's own work failed: no user can mend it. The command line ends with status 1."""
