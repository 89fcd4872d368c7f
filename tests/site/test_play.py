"""The board beaten or lost to, and a digit drawn: in the browser, from disk, without network."""

from __future__ import annotations

import base64

import numpy as np
import pytest

import frames


@pytest.fixture(scope="module")
def play():
    """Folder with both pages, as the site's build keeps them."""
    return frames.write()[0].parent


def wait_for(page, words: str) -> None:
    page.wait_for_function("(words) => document.getElementById('status').textContent.includes(words)", arg=words)


def stones(page) -> int:
    return page.locator(".stone").count()


def test_the_board_plays_back_by_mouse_and_by_keyboard(play, opened):
    with opened(play / "board.html", play) as (page, faults, _):
        wait_for(page, "Your move, Black")
        page.locator("[aria-label='E5, empty']").click()
        wait_for(page, "The network thinks")
        wait_for(page, "Your move, Black")
        assert stones(page) == 2
        page.locator("[aria-label^='E5, Black']").click()
        wait_for(page, "is not allowed: a stone stands there")
        page.locator("[aria-label^='E5, Black']").focus()
        for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
            page.keyboard.press(key)
        where = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert where.startswith("D7")
        if "empty" in where:
            page.keyboard.press("Enter")
            wait_for(page, "The network thinks")
            wait_for(page, "Your move, Black")
            assert stones(page) >= 3
        assert not faults, faults


def test_it_shows_its_policy_and_value_and_takes_back(play, opened):
    with opened(play / "board.html", play) as (page, faults, _):
        wait_for(page, "Your move")
        page.locator("#show").check()
        page.locator(".idea").first.wait_for()
        shares = [int(text) for text in page.locator(".idea").all_inner_texts()]
        assert 50 <= sum(shares) <= 104, "the network's policy in per cent, but for what is below one"
        page.wait_for_function("document.getElementById('thoughts').textContent.includes('gives Black')")
        page.locator("#owners").check()
        page.locator("[aria-label^='C3, empty']").click()
        page.locator("#thoughts:has-text('gives Black')").wait_for()
        assert stones(page) == 2
        page.locator("#undo").click()
        assert stones(page) == 0
        page.locator("#colour").select_option("2")
        wait_for(page, "Your move, White")
        assert stones(page) == 1, "the network began"
        page.locator("#new").click()
        assert not faults, faults


def test_a_game_to_its_end(play, opened):
    """A person who only passes: the network takes the board or passes too, and the end is scored by the rules."""
    with opened(play / "board.html", play, width=390, dark=True) as (page, faults, _):
        wait_for(page, "Your move")
        page.locator("#time").select_option("0")
        page.locator("[aria-label='E5, empty']").click()
        page.wait_for_function("/Your move|wins/.test(document.getElementById('status').textContent)")
        for _ in range(120):
            if "wins" in page.locator("#status").inner_text():
                break
            page.locator("#pass").click()
            page.wait_for_function("/Your move|wins|draw/.test(document.getElementById('status').textContent)")
        assert page.evaluate("board.isOver")
        score, words = page.evaluate("board.score()"), page.locator("#status").inner_text()
        assert words.startswith(f"{'Black' if score > 0 else 'White'} wins by {abs(score):g}"), words
        assert ("you beat" in words) == (score > 0)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert not faults, faults


def test_moves_are_allowed_by_the_rules_all_game(play, opened):
    """The page's own random person against the network's policy: the course's board accepts every move."""
    from utils.go.board import Board

    rng = np.random.default_rng(2)
    with opened(play / "board.html", play) as (page, faults, _):
        wait_for(page, "Your move")
        page.locator("#time").select_option("0")
        for _ in range(25):
            allowed = page.evaluate("[...board.mask(true)].flatMap((x, i) => x ? [i] : [])")
            page.evaluate("(action) => click(action)", int(rng.choice(allowed[:-1] or allowed)))
            page.wait_for_function("!thinking")
            if page.evaluate("board.isOver"):
                break
        ours = Board(9)
        for action in page.evaluate("board.moves"):
            ours.play(action)
        assert ours.stones.ravel().tolist() == page.evaluate("[...Array(81).keys()].map((a) => board.stone(a))")
        assert ours.score() == page.evaluate("board.score()")
        assert not faults, faults


def test_a_digit_is_drawn_and_read(play, opened):
    with opened(play / "digit.html", play) as (page, faults, _):
        box = page.locator("#paper").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"]
        page.mouse.move(x, y + 0.15 * box["height"])
        page.mouse.down()
        page.mouse.move(x + 3, y + 0.85 * box["height"], steps=12)
        page.mouse.up()
        wait_for(page, "It reads a 1")
        page.locator("#map[data-done='1']").wait_for()
        shares = [float(text.removesuffix(" %")) for text in page.locator(".share").all_inner_texts()]
        assert abs(sum(shares) - 100) < 1 and max(shares) == shares[1]
        assert page.evaluate(LIT), "the map shows something"
        page.locator("#clear").click()
        wait_for(page, "Draw a digit")
        assert not faults, faults


LIT = """() => document.getElementById("map").getContext("2d").getImageData(0, 0, 224, 224).data
  .some((value, i) => i % 4 < 3 && value > 200)"""


def test_examples_are_read_and_drawing_prepares_as_mnist_does(play, opened):
    """A real digit painted on the sheet and prepared by the page reads as its pixels do."""
    with opened(play / "digit.html", play, width=390, dark=True) as (page, faults, _):
        count = len(frames.real_digits())
        same = 0
        for _ in range(count):
            page.locator("#example").click()
            direct = page.locator("#status").inner_text()
            page.evaluate("look()")
            same += page.locator("#status").inner_text()[:13] == direct[:13]
        assert same >= 0.9 * count
        first = np.frombuffer(base64.b64decode(frames.real_digits()[0]), np.uint8)
        assert first.shape == (784,)
        assert not faults, faults
