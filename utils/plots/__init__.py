"""Figures, animations and videos of the course."""
