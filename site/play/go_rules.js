// The rules of Go for the board in the page: utils/go/position.py, line by line, so that a test can hold the two equal.
// A position is one Int32Array of nine tables over the board with a rim, as there; `history` are hashes for superko.
"use strict";

const Go = (() => {
  const EMPTY = 0, BLACK = 1, WHITE = 2, EDGE = 3;
  const META = 0, COLOR = 1, NEXT = 2, HEAD = 3, LIBERTIES = 4, STONES = 5, VACANT = 6, WHERE = 7, MARK = 8, TABLES = 9;
  const SIZE = 0, TO_PLAY = 1, KO = 2, PASSES = 3, MOVES = 4, VACANCIES = 5, CAPTURES = 6, LOW = 7, HIGH = 8, STAMP = 9;
  const LAST = 10, RECENT = 5;

  // Random 32-bit integers (Tommy Ettinger's mulberry32). Not xorshift: there the second half of a hash would follow from
  // the first, by xor, and of ten thousand random games one would meet a repetition that is none.
  function generator(seed) {
    let state = seed | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return t ^ (t >>> 14);
    };
  }
  const next = generator(20160309);
  const ZOBRIST = Int32Array.from({ length: 3 * 441 * 2 }, next);
  const zobrist = (color, p, half) => ZOBRIST[(color * 441 + p) * 2 + half];

  // Everything that depends on the size is kept here: tables' offsets are multiples of `area`.
  function geometry(size) {
    const width = size + 2, area = width * width;
    return { size, width, area, around: [-width, -1, 1, width], diagonals: [-width - 1, -width + 1, width - 1, width + 1] };
  }

  class Position {
    constructor(size) {
      this.g = geometry(size);
      this.s = new Int32Array(TABLES * this.g.area);
      const { s } = this, { width, area } = this.g;
      s.fill(EDGE, COLOR * area, (COLOR + 1) * area);
      s[SIZE] = size;
      s[TO_PLAY] = BLACK;
      s.fill(-1, LAST, LAST + RECENT);
      let count = 0;
      for (let row = 1; row <= size; row++)
        for (let column = 1; column <= size; column++) {
          const p = row * width + column;
          s[COLOR * area + p] = EMPTY;
          s[VACANT * area + count] = p;
          s[WHERE * area + p] = count++;
        }
      s[VACANCIES] = count;
    }
    clone() {
      const other = Object.create(Position.prototype);
      other.g = this.g;
      other.s = this.s.slice();
      return other;
    }
    copyFrom(other) { this.s.set(other.s); return this; }
    color(p) { return this.s[COLOR * this.g.area + p]; }
    head(p) { return this.s[HEAD * this.g.area + p]; }
    toPoint(action) {
      const { size, width } = this.g;
      return action === size * size ? 0 : (Math.floor(action / size) + 1) * width + action % size + 1;
    }
    toAction(p) {
      const { size, width } = this.g;
      return (Math.floor(p / width) - 1) * size + p % width - 1;
    }

    vacate(p) {
      const { s } = this, { area } = this.g, count = s[VACANCIES];
      s[VACANT * area + count] = p;
      s[WHERE * area + p] = count;
      s[VACANCIES] = count + 1;
    }
    occupy(p) {
      const { s } = this, { area } = this.g, count = s[VACANCIES] - 1;
      const at = s[WHERE * area + p], last = s[VACANT * area + count];
      s[VACANT * area + at] = last;
      s[WHERE * area + last] = at;
      s[VACANT * area + count] = p;
      s[WHERE * area + p] = count;
      s[VACANCIES] = count;
    }
    removeChain(head) {
      const { s } = this, { area, around } = this.g, color = s[COLOR * area + head];
      let count = 0, p = head;
      do {
        s[COLOR * area + p] = EMPTY;
        s[LOW] ^= zobrist(color, p, 0);
        s[HIGH] ^= zobrist(color, p, 1);
        this.vacate(p);
        count++;
        for (let k = 0; k < 4; k++) {
          const q = p + around[k], c = s[COLOR * area + q];
          if (c === BLACK || c === WHITE) s[LIBERTIES * area + s[HEAD * area + q]]++;
        }
        p = s[NEXT * area + p];
      } while (p !== head);
      return count;
    }
    join(a, b) {
      const { s } = this, { area } = this.g;
      if (s[STONES * area + a] < s[STONES * area + b]) [a, b] = [b, a];
      let p = b;
      do {
        s[HEAD * area + p] = a;
        p = s[NEXT * area + p];
      } while (p !== b);
      const after = s[NEXT * area + a];
      s[NEXT * area + a] = s[NEXT * area + b];
      s[NEXT * area + b] = after;
      s[LIBERTIES * area + a] += s[LIBERTIES * area + b];
      s[STONES * area + a] += s[STONES * area + b];
      return a;
    }
    put(p, color) {
      const { s } = this, { area, around } = this.g;
      this.occupy(p);
      s[COLOR * area + p] = color;
      s[LOW] ^= zobrist(color, p, 0);
      s[HIGH] ^= zobrist(color, p, 1);
      s[NEXT * area + p] = s[HEAD * area + p] = p;
      s[STONES * area + p] = 1;
      s[LIBERTIES * area + p] = 0;
      let head = p;
      for (let k = 0; k < 4; k++) {
        const q = p + around[k], c = s[COLOR * area + q];
        if (c === EMPTY) s[LIBERTIES * area + head]++;
        else if (c !== EDGE) {
          s[LIBERTIES * area + s[HEAD * area + q]]--;
          if (c === color && s[HEAD * area + q] !== head) head = this.join(head, s[HEAD * area + q]);
        }
      }
      return head;
    }
    // Put a stone and take what it captures; the caller knows that the move is legal. Returns the number of captures.
    place(p, color) {
      const { s } = this, { area, around } = this.g, head = this.put(p, color);
      let captured = 0, taken = 0;
      for (let k = 0; k < 4; k++) {
        const q = p + around[k];
        if (s[COLOR * area + q] === 3 - color && s[LIBERTIES * area + s[HEAD * area + q]] === 0) {
          taken = q;
          captured += this.removeChain(s[HEAD * area + q]);
        }
      }
      s[KO] = captured === 1 && s[STONES * area + head] === 1 && s[LIBERTIES * area + head] === 1 ? taken : 0;
      s[CAPTURES] += captured;
      return captured;
    }
    isSuicide(p, color) {
      const { s } = this, { area, around } = this.g;
      for (let k = 0; k < 4; k++) if (s[COLOR * area + p + around[k]] === EMPTY) return false;
      for (let k = 0; k < 4; k++) {
        const q = p + around[k];
        if (s[COLOR * area + q] !== EDGE) s[LIBERTIES * area + s[HEAD * area + q]]--;
      }
      let suicide = true;
      for (let k = 0; k < 4; k++) {
        const q = p + around[k], c = s[COLOR * area + q];
        if (c !== EDGE && (c === color) === s[LIBERTIES * area + s[HEAD * area + q]] > 0) suicide = false;
      }
      for (let k = 0; k < 4; k++) {
        const q = p + around[k];
        if (s[COLOR * area + q] !== EDGE) s[LIBERTIES * area + s[HEAD * area + q]]++;
      }
      return suicide;
    }
    // The hash after a stone on p, without playing it, as a key for the history.
    keyAfter(p, color) {
      const { s } = this, { area, around } = this.g, enemy = 3 - color, seen = [];
      let low = s[LOW] ^ zobrist(color, p, 0), high = s[HIGH] ^ zobrist(color, p, 1);
      for (let k = 0; k < 4; k++) {
        const q = p + around[k];
        if (s[COLOR * area + q] !== enemy) continue;
        const head = s[HEAD * area + q];
        if (seen.includes(head)) continue;
        seen.push(head);
        let touching = 0;
        for (let j = 0; j < 4; j++) {
          const other = p + around[j];
          if (s[COLOR * area + other] === enemy && s[HEAD * area + other] === head) touching++;
        }
        if (s[LIBERTIES * area + head] !== touching) continue;
        let stone = head;
        do {
          low ^= zobrist(enemy, stone, 0);
          high ^= zobrist(enemy, stone, 1);
          stone = s[NEXT * area + stone];
        } while (stone !== head);
      }
      return key(low, high);
    }
    isEye(p, color) {
      const { s } = this, { area, around, diagonals } = this.g;
      for (let k = 0; k < 4; k++) {
        const c = s[COLOR * area + p + around[k]];
        if (c !== color && c !== EDGE) return false;
      }
      let enemies = 0, edges = 0;
      for (let k = 0; k < 4; k++) {
        const c = s[COLOR * area + p + diagonals[k]];
        if (c === 3 - color) enemies++;
        else if (c === EDGE) edges = 1;
      }
      return enemies + edges < 2;
    }
    countLiberties(p, limit) {
      const { s } = this, { area, around } = this.g, stamp = ++s[STAMP];
      let count = 0, stone = p;
      do {
        for (let k = 0; k < 4; k++) {
          const q = stone + around[k];
          if (s[COLOR * area + q] === EMPTY && s[MARK * area + q] !== stamp) {
            s[MARK * area + q] = stamp;
            if (++count >= limit) return count;
          }
        }
        stone = s[NEXT * area + stone];
      } while (stone !== p);
      return count;
    }
    // Play p (0: pass) for the side to play, without looking whether it may.
    advance(p) {
      const { s } = this;
      if (p === 0) {
        s[PASSES]++;
        s[KO] = 0;
      } else {
        this.place(p, s[TO_PLAY]);
        s[PASSES] = 0;
      }
      s[TO_PLAY] = 3 - s[TO_PLAY];
      s[MOVES]++;
      for (let i = RECENT - 1; i > 0; i--) s[LAST + i] = s[LAST + i - 1];
      s[LAST] = p;
    }
    // Who owns each point of the tables (EMPTY where both reach it), and Black's area minus White's.
    area() {
      const { s } = this, { area, around, width } = this.g, stamp = ++s[STAMP];
      const owner = s.slice(COLOR * area, (COLOR + 1) * area), stack = [];
      for (let i = 0; i < s[VACANCIES]; i++) {
        const start = s[VACANT * area + i];
        if (s[MARK * area + start] === stamp) continue;
        const members = [];
        let borders = 0;
        s[MARK * area + start] = stamp;
        stack.push(start);
        while (stack.length) {
          const p = stack.pop();
          members.push(p);
          for (let k = 0; k < 4; k++) {
            const q = p + around[k], c = s[COLOR * area + q];
            if (c === EMPTY) {
              if (s[MARK * area + q] !== stamp) { s[MARK * area + q] = stamp; stack.push(q); }
            } else if (c !== EDGE) borders |= c;
          }
        }
        for (const p of members) owner[p] = borders === 3 ? EMPTY : borders;
      }
      let difference = 0;
      for (let p = width; p < width * (width - 1); p++)
        difference += owner[p] === BLACK ? 1 : owner[p] === WHITE ? -1 : 0;
      return { owner, difference };
    }
  }

  const key = (low, high) => (high & 0x1fffff) * 4294967296 + (low >>> 0); // 53 bits, as many as a number holds

  // A game in progress: the position and what it alone does not know, the history.
  class Board {
    constructor(size = 9, komi = 7) {
      this.position = new Position(size);
      this.size = size;
      this.komi = komi;
      this.history = [this.keyNow()];
      this.moves = [];
    }
    copy() {
      const other = Object.create(Board.prototype);
      Object.assign(other, this, { position: this.position.clone(), history: this.history.slice(), moves: this.moves.slice() });
      return other;
    }
    keyNow() { return key(this.position.s[LOW], this.position.s[HIGH]); }
    get toPlay() { return this.position.s[TO_PLAY]; }
    get isOver() { return this.position.s[PASSES] >= 2; }
    get pass() { return this.size * this.size; }
    legalPoint(p, color) {
      const { position } = this;
      if (position.color(p) !== EMPTY || position.isSuicide(p, color)) return false;
      return position.s[CAPTURES] === 0 || !this.history.includes(position.keyAfter(p, color));
    }
    isLegal(action) { return action === this.pass || this.legalPoint(this.position.toPoint(action), this.toPlay); }
    // Legal actions, and if `sensible` only those that fill no own eye; Uint8Array over actions, the last one passing.
    mask(sensible = false) {
      const mask = new Uint8Array(this.pass + 1), { position } = this;
      for (let action = 0; action < this.pass; action++) {
        const p = position.toPoint(action);
        mask[action] = this.legalPoint(p, this.toPlay) && !(sensible && position.isEye(p, this.toPlay)) ? 1 : 0;
      }
      mask[this.pass] = 1;
      return mask;
    }
    play(action) {
      this.position.advance(this.position.toPoint(action));
      if (action !== this.pass) this.history.push(this.keyNow());
      this.moves.push(action);
      return this;
    }
    // Black's area minus White's minus komi, the board as it stands.
    score() { return this.position.area().difference - this.komi; }
    stone(action) { return this.position.color(this.position.toPoint(action)); }
    owners() {
      const { owner } = this.position.area();
      return Array.from({ length: this.pass }, (_, action) => owner[this.position.toPoint(action)]);
    }
  }

  // Random games to the end from a position: no own eye is filled, superko is left out as in all fast rollouts.
  function playOut(start, scratch, random) {
    const position = scratch.copyFrom(start), { s } = position, { area } = position.g;
    for (let moves = 3 * position.g.size ** 2; moves > 0 && s[PASSES] < 2; moves--) {
      const me = s[TO_PLAY], count = s[VACANCIES], offset = count ? (random() >>> 0) % count : 0;
      let chosen = 0;
      for (let i = 0; i < count && !chosen; i++) {
        const p = s[VACANT * area + (offset + i) % count];
        if (p !== s[KO] && !position.isEye(p, me) && !position.isSuicide(p, me)) chosen = p;
      }
      position.advance(chosen);
    }
    return position.area();
  }

  const COLUMNS = "ABCDEFGHJKLMNOPQRST";
  const vertex = (action, size) =>
    action === size * size ? "pass" : COLUMNS[action % size] + (size - Math.floor(action / size));

  return {
    EMPTY, BLACK, WHITE, EDGE, COLOR, NEXT, HEAD, STONES, MARK, SIZE, TO_PLAY, KO, PASSES, STAMP, LAST, RECENT,
    Position, Board, generator, playOut, vertex, COLUMNS,
  };
})();
