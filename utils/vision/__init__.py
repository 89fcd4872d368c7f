"""Lessons 02 to 04: architectures, pretrained networks, and the tools that look inside them."""
