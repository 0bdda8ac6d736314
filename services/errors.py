"""What a service refuses, in words a person can act on."""

from __future__ import annotations


class Refused(Exception):
    """The request cannot be done; `fields` maps a form field to its Spanish message, "" to the form as a whole."""

    def __init__(self, fields: dict[str, str] | str):
        self.fields = {"": fields} if isinstance(fields, str) else fields
        super().__init__("; ".join(self.fields.values()))


class NotFound(Exception):
    """No such thing among those the actor may see: a foreign row and a missing one are the same."""


class Conflict(Exception):
    """Someone else changed it meanwhile; `message` says who did what and when."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)
