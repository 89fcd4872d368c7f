// A small search in the page: PUCT as in utils/go/mcts.py, one leaf at a time, until its time is over.
"use strict";

const Search = (() => {
  const EXPLORATION = 1.5, REDUCTION = 0.15, PASS_MARGIN = 0.05;

  // A node keeps its moves' statistics in arrays: P, N and W as the papers call them, from the side to play.
  class Node {
    constructor(board, evaluate) {
      this.board = board;
      this.children = new Map();
      if (board.isOver) {
        const score = board.score() * (board.toPlay === Go.BLACK ? 1 : -1);
        this.result = score > 0 ? 1 : score < 0 ? -1 : 0;
        return;
      }
      const allowed = board.mask(true), { policy, value, owner } = evaluate(board);
      this.value = value;
      this.owner = owner;
      this.actions = [];
      let sum = 0;
      for (let action = 0; action < allowed.length; action++)
        if (allowed[action]) { this.actions.push(action); sum += policy[action]; }
      this.P = this.actions.map((action) => (sum > 0 ? policy[action] / sum : 1 / this.actions.length));
      this.N = new Float64Array(this.actions.length);
      this.W = new Float64Array(this.actions.length);
      this.visits = 0;
      this.total = value;
    }
    best() {
      const mean = this.total / (1 + this.visits), first = mean - REDUCTION, root = Math.sqrt(Math.max(1, this.visits));
      let chosen = 0, highest = -Infinity;
      for (let i = 0; i < this.actions.length; i++) {
        const q = this.N[i] > 0 ? this.W[i] / this.N[i] : first;
        const u = q + EXPLORATION * this.P[i] * root / (1 + this.N[i]);
        if (u > highest) { highest = u; chosen = i; }
      }
      return chosen;
    }
  }

  // One simulation from a node; returns its value for the side to play there.
  function simulate(node, evaluate) {
    if (node.result !== undefined) return node.result;
    const i = node.best(), action = node.actions[i];
    let child = node.children.get(action), value;
    if (child) value = -simulate(child, evaluate);
    else {
      child = new Node(node.board.copy().play(action), evaluate);
      node.children.set(action, child);
      value = -(child.result ?? child.value);
    }
    node.N[i]++;
    node.W[i] += value;
    node.visits++;
    node.total += value;
    return value;
  }

  // By how many visits the first move leads the second.
  function lead(root) {
    let first = 0, second = 0;
    for (const count of root.N)
      if (count > first) [first, second] = [count, first];
      else if (count > second) second = count;
    return first - second;
  }

  // Another move where passing loses, or is no better and does not end a won game; as utils/go/players.py does it, since
  // the network learned passing from players who agree on what is dead, and here stones count until they are captured.
  function ratherNotPass(board, root, chosen) {
    const { actions, N, W, P } = root, passing = actions.length - 1;
    const score = board.score() * (board.toPlay === Go.BLACK ? 1 : -1);
    if (chosen !== passing || (board.position.s[Go.PASSES] === 1 && score > 0)) return chosen;
    const q = (i) => (N[i] ? W[i] / N[i] : -1);
    let other = passing, most = 0;
    for (let i = 0; i < passing; i++) {
      const weight = score < 0 ? N[i] + P[i] : q(i) >= q(passing) - PASS_MARGIN ? N[i] : 0;
      if (weight > most) { most = weight; other = i; }
    }
    return other;
  }

  class Searcher {
    constructor(network, seed = 1) {
      this.network = network;
      this.random = Go.generator(seed);
      this.scratch = null;
      this.evaluations = 0;
    }
    // The network's answer, and where it draws half of the value from random games played to the end.
    evaluate(board, playouts) {
      this.evaluations++;
      const answer = this.network(Features.planesOf(board), board.size);
      if (!playouts) return answer;
      const mine = board.toPlay === Go.BLACK ? 1 : -1;
      let won = 0;
      this.scratch ??= board.position.clone();
      for (let game = 0; game < playouts; game++) {
        const score = Go.playOut(board.position, this.scratch, this.random).difference - board.komi;
        won += Math.sign(score) * mine;
      }
      return { ...answer, value: (answer.value + won / playouts) / 2 };
    }
    // The best move after `seconds` or `limit` simulations, or once no other can overtake it if only the move is wanted
    // (`whenDecided`), with what the search saw: N, P and Q of each move.
    search(board, { seconds = 0.9, limit = 800, playouts = 8, whenDecided = false } = {}) {
      const start = Date.now(), until = start + 1000 * seconds, evaluate = (b) => this.evaluate(b, playouts);
      const root = new Node(board, evaluate);
      if (root.result !== undefined) return { action: board.pass, value: root.result, simulations: 0, moves: [] };
      const decided = (now) => whenDecided && lead(root) > Math.min(limit - root.visits, root.visits * (until - now) / (now - start));
      for (let now = start; root.visits < limit && now < until && root.actions.length > 1 && !decided(now); now = Date.now())
        simulate(root, evaluate);
      let chosen = 0;
      for (let i = 1; i < root.actions.length; i++)
        if (root.N[i] > root.N[chosen] || (root.N[i] === root.N[chosen] && root.P[i] > root.P[chosen])) chosen = i;
      chosen = ratherNotPass(board, root, chosen);
      const moves = root.actions.map((action, i) => ({
        action, prior: root.P[i], visits: root.N[i], q: root.N[i] ? root.W[i] / root.N[i] : null,
      }));
      return {
        action: root.actions[chosen], value: root.total / (1 + root.visits), simulations: root.visits, moves,
        owner: root.owner ? Array.from(root.owner) : null,
      };
    }
    // How often each point ends as Black's (1) or White's (-1) in random games from here.
    territory(board, games = 200) {
      const sum = new Float64Array(board.pass), scratch = board.position.clone(), start = board.position.clone();
      start.s[Go.PASSES] = 0;
      for (let game = 0; game < games; game++) {
        const { owner } = Go.playOut(start, scratch, this.random);
        for (let action = 0; action < board.pass; action++) {
          const who = owner[board.position.toPoint(action)];
          sum[action] += who === Go.BLACK ? 1 / games : who === Go.WHITE ? -1 / games : 0;
        }
      }
      return Array.from(sum);
    }
  }

  return { Searcher };
})();
