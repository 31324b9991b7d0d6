"""The user's mistakes, as opposed to the program's."""


class UserError(Exception):
    """Something the user can put right. Its message goes out as it is, without a traceback:

    each line names the place, the problem, what was given and what is allowed.
    """
