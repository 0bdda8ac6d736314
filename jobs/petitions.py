"""Page images of a petition. Jobs run inside the worker's application context."""

from services.petitions import render

__all__ = ["render"]
