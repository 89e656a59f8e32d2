"""What ends a command in one line: an input that breaks a rule, or a fault that the project finds in itself."""


class UserError(Exception):
    """An error the user can cause and mend.

    The message is one line that names the thing, the rule and the value. The command line prints
    it and exits with status 2; library code lets it pass.
    """


class Fault(RuntimeError):
    """A check of the project's own work failed: no user can mend it. The command line ends with status 1."""
