"""Where lesson 09's agent departs from the papers of 2013 and 2015, and why."""

from __future__ import annotations

from utils.rl.dqn import Config

SIZE, BYTES = 84, 7062  # pixels of a picture's side; what the memory takes for a transition
# What it is about, 2013, 2015, ours; below it why.
ROWS = """
picture | 84 × 84, the playing field | 84 × 84, all of it | {height} × {width} of it
    score line and border never matter to the player; a third less work
convolutions | 16, 32 filters | 32, 64, 64 | {filters}
    as in 2015
games at once | 1 | 1 | {c.num_games}
    one forward pass for all, less correlated samples
transitions per update | 32 | 32 | {c.batch_size}
    as then
learned from per agent step | 32 | 8 | {c.samples_per_step:g}
    a CPU plays faster than it learns
mirrored | no | no | {mirrored}
    the game is symmetric: a ball saved on the left teaches what to do on the right
rewards before bootstrapping | 1 | 1 | {c.n_step}
    a hit brick is felt sooner by the moments before it; slightly off-policy
target network | none | every 10,000 updates | every {c.target_interval}
    the targets follow sooner what was learned
what is regressed | the value | the value, error clipped | a histogram of {c.bins} bins
    cross-entropy has gradients of even size (2024)
heads | one | one | {heads}
    most positions are good or bad whatever one does (2016)
normalisation | none | none | {normalised}
    steadier values
optimiser | RMSprop | RMSprop | Adam, {c.learning_rate:g} falling to {c.learning_rate_final:g}
    the usual choice today; we compared none
exploration at the end | 0.1 | 0.1 | {least:.3f} to {most:.2f}, by game
    some games go far, others try things (2018)
what games look like | one way | one way | {looks}
    {why_looks}
sticky actions | none | none | {sticky}
    {why_sticky}
lost life | game goes on | ends the return | ends the return
    balls become precious
memory | 1,000,000 | 1,000,000 | {c.capacity:,}
    {gigabytes:.1f} GB
plays with | latest weights | latest weights | mean of the last weights
    evens out the swings from update to update
"""


def deviations(config: Config) -> str:
    """A table in Markdown: what the two papers did, what an agent of this configuration does, and the reason."""
    above, below, left, right = config.crop
    text = ROWS.strip().format(
        c=config,
        height=SIZE - above - below,
        width=SIZE - left - right,
        filters=", ".join(map(str, config.filters)) + (", residual, pooled" if config.blocks else ""),
        mirrored="half of the transitions" if config.mirror else "no",
        heads="value and advantages" if config.dueling else "one",
        normalised="layer norm before the head" if config.normalise else "none",
        looks=f"a filter of its own for {config.view_share:.0%} of the games" if config.view_share else "one way",
        sticky=f"in {config.sticky_share:.0%} of the games" if config.sticky_share else "none",
        why_looks="other programs shrink the screen in other ways" if config.view_share else "as in the papers",
        why_sticky="an agent that must bear delays needs a margin" if config.sticky_share else "as in the papers",
        least=config.epsilon_final / config.epsilon_spread,
        most=config.epsilon_final * config.epsilon_spread,
        gigabytes=config.capacity * BYTES / 1e9,
    )
    lines = text.splitlines()
    rows = [f"| {cells} | {why.strip()} |" for cells, why in zip(lines[::2], lines[1::2], strict=True)]
    return "\n".join(["| | 2013 | 2015 | ours | why |", "| --- | --- | --- | --- | --- |", *rows])
