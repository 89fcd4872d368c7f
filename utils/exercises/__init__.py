"""For students: ``check("08.2", my_function)`` says whether an attempt is right, and if not, shows where it fails."""

from utils.exercises.engine import check

__all__ = ["check"]
