"""Lesson 01 and all convnets: layers one can step through, and the bricks networks are built from."""
