"""For the lectures: what only slides draw. No lesson imports it."""
