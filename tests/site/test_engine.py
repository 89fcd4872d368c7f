"""The page's rules, planes and networks against the course's own: on random games, and on what Keras computes."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from numba import njit

from utils.go import features, networks
from utils.go.board import Board, IllegalMove
from utils.go.features import fill_planes
from utils.go.position import advance, area, legal_actions, new_position, to_point

import export
import frames

SIZE, MOST = 9, 400
EVERY = 16  # moves between two looks at the planes


@njit
def random_games(count, seed, look):
    """Moves, lengths, a digest of all legal moves (and of some positions' planes), and the area at the end."""
    np.random.seed(seed)  # noqa: NPY002  (numba's generator)
    moves, lengths = np.zeros(count * MOST, np.uint8), np.zeros(count, np.int64)
    digests, areas, at = np.zeros(count, np.int64), np.zeros(count, np.int64), 0
    mask, past = np.zeros(SIZE * SIZE + 1, np.bool_), np.zeros(MOST + 2, np.int64)
    for game in range(count):
        s, known, digest = new_position(SIZE), 1, 1
        for move in range(MOST):
            legal_actions(s, past, known, mask)
            for allowed in mask:
                digest = (digest * 31 + allowed) & 0xFFFFFFFF
            if look and move % EVERY == EVERY - 1:
                planes = np.zeros((SIZE, SIZE, 27), np.float32)
                fill_planes(s, past, known, planes)
                for value in planes.ravel():
                    digest = (digest * 31 + int(value)) & 0xFFFFFFFF
            allowed = np.flatnonzero(mask)
            passing = len(allowed) == 1 or np.random.random() < 0.02  # noqa: NPY002
            place = 0 if passing else np.random.randint(len(allowed) - 1)  # noqa: NPY002
            action = SIZE * SIZE if passing else allowed[place]
            known = advance(s, past, known, to_point(SIZE, action))
            moves[at] = action
            at += 1
            lengths[game] += 1
            if s[0, 3] >= 2:
                break
        digests[game], areas[game] = digest, area(s, np.empty(s.shape[1], np.int32))
    return moves[:at], lengths, digests, areas


REPLAY = """([moves, lengths, look]) => {
  const bytes = Uint8Array.from(atob(moves), (c) => c.charCodeAt(0)), digests = [], areas = [];
  let at = 0;
  for (const length of lengths) {
    const board = new Go.Board(9);
    let digest = 1;
    for (let move = 0; move < length; move++) {
      for (const allowed of board.mask()) digest = (Math.imul(digest, 31) + allowed) >>> 0;
      if (look && move % 16 === 15)
        for (const value of Features.planesOf(board)) digest = (Math.imul(digest, 31) + value) >>> 0;
      board.play(bytes[at++]);
    }
    digests.push(digest);
    areas.push(board.position.area().difference);
  }
  return [digests, areas];
}"""


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.full)])
def test_random_games_are_the_same_games(engine, count):
    """Legal moves at every position (captures, suicide, superko), planes with ladders at some, area at the end."""
    for begin in range(0, count, 500):
        moves, lengths, digests, areas = random_games(500, 1 + begin, True)
        assert lengths.mean() > 60 and areas.std() > 5, "games with something in them"
        text = base64.b64encode(moves.tobytes()).decode()
        theirs = engine.evaluate(REPLAY, [text, lengths.tolist(), True])
        assert theirs == [digests.tolist(), areas.tolist()]


MASK = "(moves) => { const b = new Go.Board(9); moves.forEach((m) => b.play(m)); return [...b.mask()]; }"
CASES = {
    "suicide": ([40, 1, 41, 9], 0),  # Black into White's corner
    "superko": ([31, 32, 39, 42, 49, 50, 81, 40, 41], 40),  # White takes back at once
    "occupied": ([40], 40),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_forbidden_is_forbidden(engine, name):
    """The digests above would not say which rule failed."""
    moves, forbidden = CASES[name]
    board = Board(SIZE)
    for action in moves:
        board.play(action)
    with pytest.raises(IllegalMove, match=name):
        board.play(forbidden)
    mask = engine.evaluate(MASK, moves)
    assert mask[forbidden] == 0 and mask == board.legal_mask().astype(int).tolist()


def positions(count: int) -> list[Board]:
    """Boards after sensible random moves, from the opening to the end."""
    rng, boards = np.random.default_rng(7), []
    while len(boards) < count:
        board = Board(SIZE)
        for _ in range(int(rng.integers(0, 90))):
            allowed = np.flatnonzero(board.sensible_mask())
            board.play(int(rng.choice(allowed[:-1] if len(allowed) > 1 else allowed)))
            if board.is_over:
                break
        if not board.is_over:
            boards.append(board)
    return boards


GO = """([header, weights, games]) => {
  const network = Network.goNetwork(Network.read(JSON.parse(header), weights));
  return games.map((moves) => {
    const board = new Go.Board(9);
    moves.forEach((move) => board.play(move));
    const { policy, value, owner } = network(Features.planesOf(board), 9);
    return { policy, value, owner: owner && [...owner] };
  });
}"""


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.full)])
def test_the_shipped_network_answers_as_keras_does(engine, count):
    boards = positions(count)
    answers = engine.evaluate(GO, [*export.go_network(frames.GO), [board.moves for board in boards]])
    policy, value = networks.Evaluator.from_file(frames.GO)(np.stack([features.planes_of(b) for b in boards]))
    assert np.abs(np.array([a["policy"] for a in answers]) - policy).max() < 1e-4
    assert np.abs(np.array([a["value"] for a in answers]) - value).max() < 1e-4


def test_another_network_of_the_family_answers_as_keras_does(engine, tmp_path):
    """Blocks of 1x1, 3x3, 1x1, another width, and the heads for territory: what is read from the file."""
    import keras

    keras.utils.set_random_seed(3)
    shape = networks.Architecture(filters=32, blocks=4, policy=True, value=True, bottleneck=True, territory=True)
    model = networks.build(shape)
    rng = np.random.default_rng(3)
    moved = [weight.numpy() * rng.uniform(0.8, 1.2, weight.shape) for weight in model.weights]
    model.set_weights([array + (0.1 if array.ndim == 1 else 0) * rng.uniform(0, 1, array.shape) for array in moved])
    path = networks.save(tmp_path / "go_other.npz", model, shape)
    boards = positions(12)
    answers = engine.evaluate(GO, [*export.go_network(path), [board.moves for board in boards]])
    logits, value, owner, _ = networks.load(path)[0].predict(
        np.stack([features.planes_of(b) for b in boards]), verbose=0
    )
    policy = np.exp(logits - logits.max(axis=1, keepdims=True))
    policy /= policy.sum(axis=1, keepdims=True)
    assert np.abs(np.array([a["policy"] for a in answers]) - policy).max() < 1e-4
    assert np.abs(np.array([a["value"] for a in answers]) - value[:, 0]).max() < 1e-4
    assert np.abs(np.array([a["owner"] for a in answers]) - owner.reshape(len(boards), -1)).max() < 1e-4
    assert value.std() > 0 and policy.std() > 1e-4, "weights that say something"


def test_digits_are_read_as_keras_reads_them(engine):
    from utils.checkpoints import load_network
    from utils.vision.digits import better_network

    network = better_network()
    network.set_weights(load_network(frames.DIGITS)[0])
    digits = [np.frombuffer(base64.b64decode(text), np.uint8) for text in frames.real_digits()]
    images = np.stack(digits).reshape(-1, 28, 28, 1).astype(np.float32) / 255
    answers = engine.evaluate(
        """([header, weights, images]) => {
          const read = Network.digitNetwork(Network.read(JSON.parse(header), weights));
          return images.map((image) => read(image));
        }""",
        [*export.digit_network(frames.DIGITS), images.reshape(len(images), -1).tolist()],
    )
    expected = network.predict(images, verbose=0)
    assert np.abs(np.array(answers) - expected).max() < 1e-4
    assert len(set(expected.argmax(axis=1).tolist())) == 10, "a digit of each kind"


CONVOLUTION = """([image, kernel, bias, height, width, side, padding]) => {
  const inputs = image.length / height / width, outputs = bias.length;
  const layer = { weights: Float32Array.from(kernel), bias: Float32Array.from(bias), side, inputs, outputs };
  return [...Network.convolution(layer, "relu", padding)(Float32Array.from(image), height, width)];
}"""


@pytest.mark.parametrize("side,padding", [(3, "same"), (3, "valid"), (1, "same"), (5, "same")])
@pytest.mark.parametrize("height,width", [(9, 9), (7, 11), (3, 4)])
def test_convolutions_of_every_size(engine, side, padding, height, width):
    """Also where tiles of three do not fill the board, and channels are no multiple of four."""
    from scipy.signal import correlate

    rng = np.random.default_rng(side + height)
    image, kernel = rng.normal(size=(height, width, 5)), rng.normal(size=(side, side, 5, 6))
    bias = rng.normal(size=6)
    wide = np.pad(image, [(side // 2,) * 2] * 2 + [(0, 0)]) if padding == "same" else image
    expected = np.stack([correlate(wide, kernel[..., o], "valid")[..., 0] + bias[o] for o in range(6)], -1)
    asked = [image.ravel().tolist(), kernel.ravel().tolist(), bias.tolist(), height, width, side, padding]
    answer = np.reshape(engine.evaluate(CONVOLUTION, asked), expected.shape)
    assert np.abs(answer - np.maximum(expected, 0)).max() < 1e-4


def test_weights_that_lost_something_are_refused():
    with pytest.raises(ValueError, match="half precision"):
        export.packed([("layer", [np.array([1.0001], np.float32)])])


SEARCH = """([header, weights, moves, options]) => {
  const network = Network.goNetwork(Network.read(JSON.parse(header), weights));
  const board = new Go.Board(9);
  moves.forEach((move) => board.play(move));
  const found = new Search.Searcher(network, 5).search(board, options);
  return { ...found, legal: board.isLegal(found.action) };
}"""


def test_a_search_that_knows_nothing_finds_the_move_that_wins(engine):
    """White has passed and Black owns the board: passing ends the game at once. Equal priors, no values, no games."""
    found = engine.evaluate(
        """() => {
          const board = new Go.Board(9).play(40).play(81);
          const network = () => ({ policy: Array(82).fill(1 / 82), value: 0 });
          return new Search.Searcher(network).search(board, { seconds: 300, limit: 400, playouts: 0 });
        }"""
    )
    visits = {move["action"]: move["visits"] for move in found["moves"]}
    assert found["action"] == 81 == max(visits, key=visits.get), "the most visited"
    assert found["simulations"] == 400 == sum(visits.values()) and visits[81] > 100
    assert abs(sum(move["prior"] for move in found["moves"]) - 1) < 1e-6


def test_the_shipped_network_searches_and_moves_by_the_rules(engine):
    found = engine.evaluate(
        SEARCH, [*export.go_network(frames.GO), [40, 22, 60], {"seconds": 300, "limit": 40, "playouts": 8}]
    )
    assert found["legal"] and found["simulations"] == 40 and -1 <= found["value"] <= 1


def test_the_search_passes_when_that_wins(engine):
    """White passed with nothing on the board but Black's stones: a second pass ends the game, and Black has won."""
    moves = [40, 81, 22, 81]
    found = engine.evaluate(
        SEARCH, [*export.go_network(frames.GO), moves, {"seconds": 300, "limit": 30, "playouts": 0}]
    )
    passing = next(move for move in found["moves"] if move["action"] == 81)
    assert passing["visits"] == 0 or passing["q"] == 1


@pytest.mark.parametrize("moves,passes", [([40, 22], False), ([40, 22, 81], True)], ids=["behind", "ahead, passed to"])
def test_nobody_passes_while_behind(engine, moves, passes):
    """A network that wants nothing but to pass, as players do who agree on what is dead; komi puts Black behind."""
    found = engine.evaluate(
        """(moves) => {
          const board = moves.reduce((b, move) => b.play(move), new Go.Board(9));
          const policy = Array.from({ length: 82 }, (_, i) => (i === 81 ? 1 : 1e-6));
          const searcher = new Search.Searcher(() => ({ policy, value: 0 }));
          return [0, 30].map((limit) => searcher.search(board, { seconds: 300, limit, playouts: 0 }));
        }""",
        moves,
    )
    assert [(one["action"] == 81) for one in found] == [passes, passes]


def test_a_move_that_is_found_is_not_thought_about_any_longer(engine):
    """The same move, with fewer simulations, where only the move is wanted."""
    first, second = engine.evaluate(
        """() => {
          const policy = Array.from({ length: 82 }, (_, i) => (i === 40 ? 0.9 : 0.1 / 81));
          const searcher = new Search.Searcher(() => ({ policy, value: 0 })), board = new Go.Board(9);
          const options = { seconds: 300, limit: 200, playouts: 0 };
          return [false, true].map((whenDecided) => searcher.search(board, { ...options, whenDecided }));
        }"""
    )
    assert first["action"] == second["action"] == 40
    assert first["simulations"] == 200 > second["simulations"] > 100
