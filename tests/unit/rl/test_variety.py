"""Views and sticky actions that differ from game to game: filters against PIL and by hand, games against ale-py's."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from utils.rl.atari import Games, play_games
from utils.rl.variety import (
    FILTERS,
    JUDGED,
    MOST_TAPS,
    SIZE,
    UNSEEN,
    Variety,
    View,
    filter_matrix,
    seen_through,
    shrink,
    spread_out,
    taps,
)


def seen(view, screen):
    out = np.zeros((SIZE, SIZE), dtype=np.uint8)
    shrink(screen, *view.prepared(), out)
    return out


def a_screen(seed=0):
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 256, (42, 32)), np.ones((5, 5))).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "pil"), [("box", "BOX"), ("lanczos", "LANCZOS"), ("bilinear", "BILINEAR"), ("bicubic", "BICUBIC")]
)
def test_filters_are_pils(name, pil):
    screen = a_screen()
    theirs = np.asarray(Image.fromarray(screen).resize((SIZE, SIZE), getattr(Image.Resampling, pil)))
    # PIL rounds, and clips what overshoots, also between its two passes.
    assert np.abs(seen(View(name), screen).astype(int) - theirs).mean() < 0.5


def test_the_nearest_pixel_is_taken():
    screen = a_screen(1)
    rows, columns = ((np.arange(SIZE) + 0.5) * 2.5).astype(int), ((np.arange(SIZE) + 0.5) * 40 / 21 - 1e-6).astype(int)
    np.testing.assert_array_equal(seen(View("nearest"), screen), screen[np.ix_(rows, columns)])


def test_a_screen_can_be_looked_at_through_each_filter():
    screen = a_screen(2)
    for name in FILTERS:
        np.testing.assert_array_equal(seen_through(screen.astype(float) + 0.4, name), seen(View(name), screen))
    assert seen_through(np.full((210, 160), 300.0), "area").max() == 255


def test_without_antialiasing_thin_things_are_missed():
    """A line one pixel high, as a ball may be thin: seen darker or not at all, but by the mean of all pixels."""
    lit = {name: [] for name in ("area", "linear", "nearest")}
    for row in range(100, 110):
        screen = np.zeros((210, 160), dtype=np.uint8)
        screen[row] = 250
        for name in lit:
            lit[name].append(int(seen(View(name), screen)[:, 40].max()))
    assert min(lit["area"]) >= 50 and min(lit["nearest"]) == 0 and min(lit["linear"]) == 0


def test_linear_is_interpolation():
    """By NumPy's own: the middle of a new pixel, between the middles of the old ones."""
    values = np.random.default_rng(0).random(160)
    at = (np.arange(SIZE) + 0.5 + 0.3) * 160 / SIZE
    expected = np.interp(at, np.arange(160) + 0.5, values)
    np.testing.assert_allclose(filter_matrix("linear", 160, shift=0.3) @ values, expected, atol=1e-9)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("size", [210, 160])
def test_every_filter_keeps_the_brightness_and_fits(name, size):
    for shift in np.linspace(-0.5, 0.5, 11):
        matrix = filter_matrix(name, size, shift=shift)
        np.testing.assert_allclose(matrix.sum(axis=1), 1)
        first, count, weights = taps(matrix)
        assert count.min() >= 1 and count.max() <= MOST_TAPS and (first + count <= size).all()
        again = np.zeros_like(matrix)
        for row in range(SIZE):
            again[row, first[row] : first[row] + count[row]] = weights[row, : count[row]]
        np.testing.assert_allclose(again, matrix, atol=1e-5)


def test_a_shift_moves_the_picture_and_greys_change():
    screen = np.tile(np.arange(160, dtype=np.uint8), (210, 1))
    plain, moved = seen(View("area"), screen).astype(int), seen(View("area", (0, 0.5)), screen).astype(int)
    assert 0.8 <= (moved - plain)[:, 2:-2].mean() <= 1.1  # half a new pixel is 0.95 old ones
    brighter = seen(View("area", gain=1.1, level=5), screen)
    np.testing.assert_allclose(brighter, 1.1 * plain + 5, atol=1.2)
    assert seen(View(gain=3.0), np.full((210, 160), 200, np.uint8)).min() == 255


def test_drawn_views_differ_and_cover_all_filters():
    rng = np.random.default_rng(0)
    views = [View.drawn(rng) for _ in range(200)]
    assert {view.name for view in views} == set(FILTERS) > set(JUDGED)
    assert np.abs([view.shift for view in views]).max() <= 0.5 and len({view.gain for view in views}) == 200


def test_what_no_training_draws():
    """A blur as by SciPy's Gaussian, and a shift beyond every drawn one; at the border the last row is repeated."""
    screen = a_screen(4)
    assert UNSEEN["shifted"].shift[0] > 0.5 and UNSEEN["blurred"].name not in FILTERS
    shifted, plain = seen_through(screen, "shifted"), seen(View("area"), screen)
    assert (shifted[-2:] == shifted[-1]).all() and np.abs(shifted[:-2].astype(int) - plain[1:-1]).mean() > 1
    tall = np.repeat(np.arange(210, dtype=np.uint8)[:, None], 160, axis=1)
    moved = seen_through(tall, "shifted").astype(int) - seen(View("area"), tall)
    np.testing.assert_allclose(moved[2:-3], 3.75, atol=1)  # one and a half new pixels are 3.75 rows of the screen
    row = np.zeros((210, 160), dtype=np.uint8)
    row[104:106] = 250
    lit = seen_through(row, "blurred")[:, 40].astype(float)
    at = np.arange(84)
    middle = (lit * at).sum() / lit.sum()
    assert abs(np.sqrt((lit * (at - middle) ** 2).sum() / lit.sum()) - 1) < 0.1
    scores, _ = play_games(lambda seen: np.zeros((len(seen), 4)), 1, seed=3, num_games=1, view="shifted", max_frames=80)
    assert scores.shape == (1,)


def side_by_side(first, second, steps=150):
    rng = np.random.default_rng(0)
    yield first.reset(), second.reset(), None, None
    for _ in range(steps):
        actions = rng.integers(0, 4, first.num_games)
        one, two = first.step(actions), second.step(actions)
        yield one.observations, two.observations, one, two


def test_the_plain_view_is_the_emulators():
    games = Games(3, seed=5, threads=1), Games(3, seed=5, threads=1, variety=Variety(view="area"))
    ends = 0
    for one, two, *moments in side_by_side(*games, steps=260):
        assert np.abs(one.astype(int) - two).max() <= 1  # they round otherwise
        if moments[0] is not None:
            ends += moments[0].starts.sum()
            for name in ("actions", "rewards", "life_lost", "game_over", "truncated", "starts"):
                np.testing.assert_array_equal(*(getattr(moment, name) for moment in moments), err_msg=name)
    assert ends


def test_the_game_is_the_same_through_every_view():
    plain, varied = Games(4, seed=5, threads=1), Games(4, seed=5, threads=1, variety=Variety(view_share=1.0))
    looks = []
    for one, two, *moments in side_by_side(plain, varied):
        assert two.shape == one.shape and two.dtype == np.uint8
        if moments[0] is not None:
            np.testing.assert_array_equal(moments[0].rewards, moments[1].rewards)
            assert (two[moments[1].starts][..., :3] == 0).all()
        looks.append(tuple(varied.vector.views))
    changes = sum(before[0] != after[0] for before, after in pairwise(looks))
    assert 1 <= changes <= 3, "a game keeps its view until it ends"
    assert len(set(looks[0])) == 4


def test_a_share_of_the_games_is_sticky_and_the_others_are_as_ever():
    sticky = spread_out(2, 4)
    assert sticky.tolist() == [1, 3] and spread_out(0, 4).size == 0 and spread_out(4, 4).tolist() == [0, 1, 2, 3]
    plain, mixed = Games(4, seed=5, threads=1), Games(4, seed=5, threads=1, variety=Variety(sticky_share=0.5))
    differed = np.zeros(4, dtype=bool)
    for one, two, *_ in side_by_side(plain, mixed, steps=60):
        differed |= (np.abs(one.astype(int) - two) > 1).any(axis=(1, 2, 3))
    assert differed.tolist() == [False, True, False, True]


def test_full_games_through_a_filter():
    def values(observations):
        return np.random.default_rng(1).random((len(observations), 4))

    scores, _ = play_games(values, 2, epsilon=1.0, seed=3, num_games=2, view="nearest", sticky=0.25)
    assert scores.shape == (2,)


@pytest.mark.parametrize("wrong", [{"view": "none"}, {"view_share": 2.0}, {"sticky_share": -0.1}])
def test_impossible_varieties_are_refused(wrong):
    with pytest.raises(ValueError, match="Variety"):
        Variety(**wrong)
    assert not Variety() and Variety(view="area") and Variety(sticky_share=0.5)
