"""Animations carry every frame and need nothing from outside; walls of bricks tell shapes and parameters."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from utils.plots import animation, bricks, sliding

ROW = [1, 4, -1, 0, 2, -2, 1, 3, 3, 1]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def record(monkeypatch):
    """Catch the texts of each frame that is drawn."""
    seen = []
    original = animation.animate

    def watched(draw, items, *arguments, **options):
        def spy(figure, item):
            draw(figure, item)
            seen.append(texts(figure))

        return original(spy, items, *arguments, **options)

    monkeypatch.setattr(sliding, "animate", watched)
    return seen


def test_convolution_frames_show_products_sum_and_output_so_far(monkeypatch):
    seen = record(monkeypatch)
    film = sliding.animate_conv1d(ROW, [1, 2, 0, -1])
    assert len(film) == len(seen) == 7
    assert any("4·1 + (−1)·2 + 0·0 + 2·(−1) = 0" in text for text in seen[1])
    assert seen[1].count("9") == 1 and "−5" not in seen[1] and "−5" in seen[4]
    assert film.frames[0].shape == film.frames[-1].shape and (film.frames[0] != film.frames[1]).any()


@pytest.mark.parametrize(
    "make, count",
    [
        (lambda: sliding.animate_conv1d(ROW, [1, 2, 1], stride=2, padding="same"), 5),
        (lambda: sliding.animate_conv2d(np.eye(4), np.ones((3, 3))), 4),
        (lambda: sliding.animate_conv2d(np.eye(3), np.ones((2, 2)), padding="same"), 9),
        (lambda: sliding.animate_pool1d(ROW), 5),
        (lambda: sliding.animate_pool1d(ROW, 4, 3, kind="average"), 3),
        (lambda: sliding.animate_pool2d(np.eye(4)), 4),
        (lambda: sliding.animate_pool2d(np.eye(4), kind="average"), 4),
    ],
)
def test_every_animation_has_one_frame_an_output_cell(make, count):
    assert len(make()) == count


def test_the_player_holds_all_frames_and_refers_to_nothing_outside():
    film = sliding.animate_pool1d(ROW)
    bundle, metadata = film._repr_mimebundle_()
    assert metadata == {"image/png": {"alt": film.caption}} and film.caption
    page = bundle["text/html"]
    pictures = re.search(r"const frames = \[(.*?)\]", page).group(1).split(",")
    assert len(pictures) == len(film)
    size = Image.open(io.BytesIO(base64.b64decode(pictures[0].strip('"')))).size
    assert size == film.frames[0].shape[1::-1]
    assert "http" not in page and "__" not in re.sub(r"base64,[^\"]*", "", page)
    assert page == film.as_html(), "the same animation gives the same page"
    strip = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert strip.size[0] > 2 * size[0] and strip.size[1] > 2 * size[1]


def test_an_animation_can_be_saved_as_video(tmp_path):
    film = sliding.animate_pool1d([1, 2, 3, 4])
    film.save(tmp_path / "pool.gif")
    assert Image.open(tmp_path / "pool.gif").n_frames == 2


def test_captions_are_escaped_and_nothing_is_refused():
    film = animation.animate(lambda figure, item: None, [0], (1, 1), caption='a "<b>"')
    assert 'alt="a &quot;&lt;b&gt;&quot;"' in film.as_html()
    with pytest.raises(ValueError, match="nothing to animate"):
        animation.animate(lambda figure, item: None, [], (1, 1))


@pytest.mark.parametrize(
    "value, text", [(3.0, "3"), (-2.0, "−2"), (-0.0, "0"), (0.25, "0.25"), (-np.inf, "−∞"), (np.nan, "")]
)
def test_numbers_stand_in_cells_as_on_paper(value, text):
    assert sliding.number(value) == text


def test_a_wall_tells_shapes_and_parameters():
    import keras

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    found = texts(bricks.draw_bricks(model))
    assert found[::2] == ["Input", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert "6 × 6 × 4   ·   40 parameters" in found and "36" in found


def test_a_merge_is_one_wide_brick_on_two():
    import keras

    one, two = keras.Input((4,), name="one"), keras.Input((6,), name="two")
    left = keras.layers.Dense(3, name="left")(one)
    right = keras.layers.Dense(3, name="right")(two)
    model = keras.Model([one, two], keras.layers.Add(name="sum")([left, right]))
    spans, rows = bricks._places(bricks._parents(model))
    assert spans == {"one": (0, 1), "two": (1, 2), "left": (0, 1), "right": (1, 2), "sum": (0, 2)}
    assert rows == {"one": 0, "two": 0, "left": 1, "right": 1, "sum": 2}
    assert isinstance(bricks.draw_bricks(model), Figure)


def test_what_a_wall_cannot_show_is_said():
    import keras

    with pytest.raises(ValueError, match="no shapes yet"):
        bricks.draw_bricks(keras.Sequential([keras.layers.Dense(3)]))
    x = keras.Input((4,))
    with pytest.raises(ValueError, match="used twice"):
        bricks.draw_bricks(keras.Model(x, keras.layers.Add()([x, keras.layers.Dense(4)(x)])))
    shared, y = keras.layers.Dense(4), keras.Input((4,))
    with pytest.raises(ValueError, match="shared"):
        bricks.draw_bricks(keras.Model([x, y], keras.layers.Add()([shared(x), shared(y)])))


def test_dropped_units_lose_their_lines():
    _, (all_on, some_off) = plt.subplots(1, 2)
    bricks.draw_network((3, 4), all_on)
    bricks.draw_network((3, 4), some_off, {1: {0, 2}})
    assert len(all_on.lines) == 12 and len(some_off.lines) == 6


def brightness(color):
    """Relative luminance (WCAG 2), 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


STEPPED = {
    "conv1d": lambda: sliding.conv1d_steps([1, 4, -1, 0, 2], [1, 2]),
    "conv2d": lambda: sliding.conv2d_steps(np.arange(12).reshape(3, 4), [[1, 0], [0, -1]]),
    "pool1d": lambda: sliding.pool1d_steps([1, 4, -1, 0], 2),
    "pool2d": lambda: sliding.pool2d_steps(np.arange(16).reshape(4, 4), 2),
}


@pytest.mark.parametrize("name", STEPPED)
def test_slides_show_one_figure_a_position_and_say_what_is_computed(name):
    stepped = STEPPED[name]()
    figures, words = stepped.on_slides(700)
    assert len(figures) == len(words) == len(stepped.frames)
    assert len(set(words)) == len(words)
    assert {tuple(figure.get_size_inches()) for figure in figures} == {tuple(figures[0].get_size_inches())}
    assert figures[0].get_size_inches()[0] * 72 == pytest.approx(700)
    for figure, text, frame in zip(figures, words, stepped.frames):
        shown = [t.get_text() for t in figure.findobj(Text) if t.get_text()]
        assert any(text.split(": ", 1)[1] in line for line in shown)  # the alternative text is on the slide
        assert text.endswith(sliding.number(frame.value))
        assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 20
        darkest = min(map(brightness, (sliding.WINDOW_FILL, sliding.OUTPUT_FILL, sliding.KERNEL_FILL)))
        letters = [brightness(t.get_color()) for t in figure.findobj(Text) if t.get_text()]
        assert (darkest + 0.05) / (max(letters) + 0.05) > 4.5  # the contrast that the back row needs


def test_a_wall_is_told_from_the_bottom_up():
    import keras

    model = keras.Sequential([keras.Input((500,)), keras.layers.Dense(32), keras.layers.Dense(10)])
    told = bricks.draw_bricks(model, "A tower").get_label()
    assert told == "A tower. From the bottom up: Input 500; Dense 32, 16,032 parameters; Dense 10, 330 parameters"
    figure, ax = plt.subplots()
    bricks.draw_bricks(model, "A tower", ax)
    assert figure.get_label() == ""  # whoever brings the axes tells what the figure shows
