// What the network sees: utils/go/features.py line by line; 27 planes of zeros and ones, channels last.
"use strict";

const Features = (() => {
  const { EMPTY, COLOR, NEXT, HEAD, STONES, MARK, TO_PLAY, KO, STAMP, LAST, RECENT, BLACK } = Go;
  const COUNT = 27, OWN = 0, THEIRS = 1, FREE = 2, ONES = 3, IS_BLACK = 4, MOVES = 5, LIBERTY = 10, LEGAL = 14;
  const CAPTURE = 15, RISK = 18, AFTER = 21, LADDER = 25;
  const LADDER_NODES = 200, ESCAPED = -1, CAPTURED = -2;

  // Append the (at most 3) liberties of the chain at p to out from `count` on; returns the new count.
  function libertiesOf(position, p, out, count) {
    const { s } = position, { area, around } = position.g, stamp = ++s[STAMP], first = count;
    let stone = p;
    do {
      for (let k = 0; k < 4; k++) {
        const q = stone + around[k];
        if (s[COLOR * area + q] === EMPTY && s[MARK * area + q] !== stamp) {
          s[MARK * area + q] = stamp;
          out[count++] = q;
          if (count - first === 3) return count;
        }
      }
      stone = s[NEXT * area + stone];
    } while (stone !== p);
    return count;
  }

  // Append the moves that capture an enemy chain in atari beside the chain at p.
  function savingCaptures(position, p, out, count) {
    const { s } = position, { area, around } = position.g, enemy = 3 - s[COLOR * area + p];
    let stone = p;
    do {
      for (let k = 0; k < 4; k++) {
        const q = stone + around[k];
        if (s[COLOR * area + q] === enemy && count < 60 && position.countLiberties(q, 2) === 1) {
          libertiesOf(position, q, out, count);
          let isNew = true;
          for (let i = 0; i < count; i++) if (out[i] === out[count]) isNew = false;
          if (isNew) count++;
        }
      }
      stone = s[NEXT * area + stone];
    } while (stone !== p);
    return count;
  }

  function ladderMoves(position, p, defending, out) {
    const count = libertiesOf(position, p, out, 0);
    if (defending) return count > 1 ? ESCAPED : savingCaptures(position, p, out, count);
    return count === 2 ? count : count < 2 ? CAPTURED : ESCAPED;
  }

  const pool = [];  // positions that ladders are read on, one a depth
  function level(depth, like) {
    if (!pool[depth] || pool[depth].position.g.size !== like.g.size)
      pool[depth] = { position: like.clone(), moves: new Int32Array(64), count: 0, tried: 0 };
    return pool[depth];
  }

  // Is the chain at p lost in a ladder? Depth first; what takes more than LADDER_NODES positions counts as an escape.
  function capturedInLadder(start, p, defending) {
    const owner = start.color(p), limit = 4 * start.g.size;
    let depth = 0, nodes = 1, here = level(0, start);
    here.position.copyFrom(start);
    here.count = ladderMoves(here.position, p, defending, here.moves);
    here.tried = 0;
    for (;;) {
      here = pool[depth];
      const t = here.position, attacking = (depth % 2 === 0) !== defending;
      let captured = !attacking;
      if (here.count < 0) captured = here.count === CAPTURED;
      else if (here.tried < here.count) {
        const q = here.moves[here.tried++], mover = attacking ? 3 - owner : owner;
        if (q === t.s[KO] || t.isSuicide(q, mover)) continue;
        nodes++;
        if (depth === limit - 1 || nodes > LADDER_NODES) return false;
        const below = level(++depth, start);
        below.position.copyFrom(t);
        below.position.place(q, mover);
        below.tried = 0;
        below.count = ladderMoves(below.position, p, attacking, below.moves);
        continue;
      }
      let goOn = false;
      while (depth > 0 && !goOn) {
        depth--;
        goOn = ((depth % 2 === 0) !== defending) !== captured;
      }
      if (!goOn) return captured;
    }
  }

  function markLadders(position, planes) {
    const { size } = position.g, me = position.s[TO_PLAY], moves = new Int32Array(64);
    for (let action = 0; action < size * size; action++) {
      const p = position.toPoint(action);
      if (position.color(p) === EMPTY || position.head(p) !== p) continue;
      let count = libertiesOf(position, p, moves, 0);
      const theirs = position.color(p) !== me;
      if (count !== (theirs ? 2 : 1)) continue;
      if (!theirs) count = savingCaptures(position, p, moves, count);
      for (let i = 0; i < count; i++) {
        const q = moves[i];
        if (q === position.s[KO] || position.isSuicide(q, me)) continue;
        const t = position.clone(), at = position.toAction(q) * COUNT;
        t.place(q, me);
        if (theirs) {
          if (capturedInLadder(t, p, true)) planes[at + LADDER] = 1;
        } else {
          const left = t.countLiberties(p, 3);
          if (left === 3 || (left === 2 && !capturedInLadder(t, p, false))) planes[at + LADDER + 1] = 1;
        }
      }
    }
  }

  // The planes of a board, Float32Array (size * size * 27).
  function planesOf(board) {
    const { position } = board, { s } = position, { size, area } = position.g, me = s[TO_PLAY];
    const planes = new Float32Array(size * size * COUNT), after = position.clone();
    for (let action = 0; action < size * size; action++) {
      const p = position.toPoint(action), at = action * COUNT;
      planes[at + ONES] = 1;
      planes[at + IS_BLACK] = me === BLACK ? 1 : 0;
      if (position.color(p) !== EMPTY) {
        planes[at + (position.color(p) === me ? OWN : THEIRS)] = 1;
        planes[at + LIBERTY - 1 + position.countLiberties(p, 4)] = 1;
        continue;
      }
      planes[at + FREE] = 1;
      if (!board.legalPoint(p, me)) continue;
      planes[at + LEGAL] = position.isEye(p, me) ? 0 : 1;
      after.copyFrom(position);
      const captured = after.place(p, me);
      if (captured > 0) planes[at + CAPTURE - 1 + Math.min(captured, 3)] = 1;
      const liberties = after.countLiberties(p, 4);
      planes[at + AFTER - 1 + liberties] = 1;
      if (liberties === 1) planes[at + RISK - 1 + Math.min(after.s[STONES * area + after.head(p)], 3)] = 1;
    }
    for (let i = 0; i < RECENT; i++)
      if (s[LAST + i] > 0) planes[position.toAction(s[LAST + i]) * COUNT + MOVES + i] = 1;
    markLadders(position, planes);
    return planes;
  }

  return { COUNT, planesOf };
})();
