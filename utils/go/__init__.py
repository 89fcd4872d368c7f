"""Lesson 11: the game of Go, from the rules to a player in AlphaGo's style.

In the order to read them; each file knows only those above it.

The game: ``rules`` (a page of plain Python, slow), ``vertices`` (what a point is called), ``position`` (the same rules
compiled), ``rollouts`` (random games, with and without tactics), ``board`` (the game that notebooks and players hold),
``sgf`` (game records; ``sgf_trees``, ``sgf_header`` and ``sgf_files`` read their parts).

The networks: ``features`` (what they see), ``batch`` (many games side by side, one call of a network for all),
``networks`` (a tower with policy and value heads).

The search: ``tree`` (its statistics, and the compiled steps that grow it), ``lecture_search`` (the lecture's formula in
forty lines: start here), ``mcts`` (the same with all that AlphaGo added; ``Forest.describe`` shows what it thinks),
``gumbel`` (a root for few simulations, in self-play).

The players: ``players``, ``widget`` (see a board, and click on it; ``widget_script`` is its part in the browser),
``gtp_client`` (other programs as opponents), ``options`` (of command lines), ``arena``
(matches and Elo), ``gtp`` (ours inside other programs; ``gtp_words``, ``gtp_clock``, ``gtp_views``, ``gtp_extras`` and
``gtp_start`` are its parts).

The trainings: ``gnugo_games`` (the expert's games), ``examples`` (from games to arrays), ``supervised``, ``reinforce``
and ``value`` (AlphaGo's three steps), ``zero_games`` and ``selfplay`` (AlphaGo Zero); ``learner`` is how
``value`` and ``selfplay`` teach.
"""
