"""Lesson 11: the game of Go, from the rules to a player in AlphaGo's style."""
