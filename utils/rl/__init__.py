"""Lessons 08 to 10: tables, deep Q-networks and policy gradients.

Lesson 08: ``tabular.py`` (the model of a world, planning on it, learning without it); ``evaluate.py`` has intervals
and films.

Lesson 09: ``pixel_ball.py`` is the small game; ``atari.py`` plays Breakout, ``replay.py`` remembers, ``dqn.py`` has
every hyperparameter, the network and the loss, ``deviations.py`` what differs from the papers. ``breakout.py`` trains
for hours (``train_breakout.py`` is its command, ``score_curve.py`` its curve); ``recording.py`` (one game with its
pictures), ``watching.py`` (many without) and the command ``play_breakout.py`` let the result play; ``variety.py`` shows
games as other programs do.

Lesson 10: ``policy_gradient.py`` says in which order to read ``playing.py``, ``credit.py``, ``policies.py`` and
``numpy_policy.py``; ``pendulum.py`` swings many pendulums at once.
"""
