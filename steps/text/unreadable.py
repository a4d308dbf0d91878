"""The one thing a reader says of a file that it cannot read: why."""


class Unreadable(Exception):
    """The file cannot be read; the message is the reason as a person would say it."""
