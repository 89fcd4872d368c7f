"""For the lectures: what only slides draw; no lesson imports it."""
