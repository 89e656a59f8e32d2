"""The one exception a user may see: an input that breaks a rule, told in one line."""


class UserError(Exception):
    """An error the user can cause and mend.

    The message is one line that names the thing, the rule and the value. The command line prints
    it and exits with status 2; library code lets it pass.
    """
