"""The one thing a reader says of a file that it cannot read: why."""


class Unreadable(Exception):
    """The file cannot be read; the message is the reason as a person would say it."""


class WrongPassword(Unreadable):
    """A password was given and does not open the file: a secret that fails is an error, never a file left out in silence."""


class Incomplete(Unreadable):
    """All that can be read of the file was given; the message says what is left out of it, and why."""
