"""Lessons 02 to 05: architectures, pretrained networks, and the tools that look inside them."""
