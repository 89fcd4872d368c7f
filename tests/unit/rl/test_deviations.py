"""The table of departures from the papers."""

from dataclasses import fields

from utils.rl.deviations import deviations
from utils.rl.dqn import Config


def _cells(config):
    return {
        row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ") for row in deviations(config).splitlines()[2:]
    }


def test_every_row_has_what_both_papers_did_ours_and_why():
    table = _cells(Config())
    assert len(table) == 18 and all(len(row) == 5 and all(row) for row in table.values())
    assert table["picture"][3] == "68 × 76 of it"
    assert table["convolutions"][3] == "32, 64, 64"
    assert table["exploration at the end"][3] == "0.003 to 0.12, by game"
    assert table["what games look like"][3] == "one way" and table["sticky actions"][3] == "none"
    varied = _cells(Config(view_share=0.5, sticky_share=0.25))
    assert varied["what games look like"][3] == "a filter of its own for 50% of the games"
    assert varied["sticky actions"][3] == "in 25% of the games"
    assert table["memory"][3:] == ["300,000", "2.1 GB"]


def test_another_configuration_changes_its_column_alone():
    ours, other = _cells(Config()), _cells(Config(mirror=(), dueling=False, normalise=False, n_step=1, num_games=8))
    changed = {name for name in ours if ours[name] != other[name]}
    assert changed == {"mirrored", "heads", "normalisation", "rewards before bootstrapping", "games at once"}
    assert all(ours[name][:3] + ours[name][4:] == other[name][:3] + other[name][4:] for name in changed)
    assert _cells(Config(filters=(16, 32), blocks=2))["convolutions"][3] == "16, 32, residual, pooled"
    assert other["mirrored"][3] == "no" and other["heads"][3] == "one" and len(fields(Config)) > 16
