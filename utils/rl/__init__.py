"""Lessons 08 to 10: tables, deep Q-networks and policy gradients."""
