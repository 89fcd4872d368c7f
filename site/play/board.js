// The board that a person plays on: draws, asks the worker, keeps the game. All state is `moves`.
"use strict";

const SIZE = 9, PASS = SIZE * SIZE, NAMES = { 1: "Black", 2: "White" };
const facts = JSON.parse(document.getElementById("facts").textContent), $ = (id) => document.getElementById(id);
const text = (id) => $(id).textContent;
let board = new Go.Board(SIZE, facts.komi), human = Go.BLACK, asked = 0, thinking = false, ready = false, seen = null;
let chances = [];  // Black's, by number of moves played; what the search said

// ---- the worker: from a Blob, since a page opened from disk may load no worker from a file -------------------------
const worker = new Worker(URL.createObjectURL(new Blob([text("engine")], { type: "text/javascript" })));
worker.onerror = (error) => say(`The network cannot run here: ${error.message}`);
worker.onmessage = ({ data }) => {
  if (data.ready) { ready = true; turn(); return; }
  if (data.id !== asked) return;  // an answer to a position that is no more
  thinking = false;
  seen = data;
  chances[board.moves.length] = blackChance(data.value);
  if (board.toPlay !== human && !board.isOver) {
    play(data.action);
  } else draw();
};
worker.postMessage({ header: text("header"), weights: text("weights"), komi: facts.komi });

function ask(seconds) {
  thinking = true;
  const whenDecided = board.toPlay !== human;  // else a person wants to see what it thinks
  worker.postMessage({ id: ++asked, moves: board.moves, seconds, territory: $("owners").checked, whenDecided });
}
const blackChance = (value) => (1 + (board.toPlay === Go.BLACK ? value : -value)) / 2;

// ---- the game ------------------------------------------------------------------------------------------------------
function play(action) {
  board.play(action);
  turn();
}
function turn() {
  if (board.isOver) { asked++; thinking = false; seen = null; chances[board.moves.length] = board.score() > 0 ? 1 : board.score() < 0 ? 0 : 0.5; }
  else if (board.toPlay !== human) { seen = null; ask(Number($("time").value)); }
  else if ($("show").checked || $("owners").checked) ask(Math.min(0.9, Number($("time").value)));
  else { asked++; thinking = false; }
  draw();
}
function click(action) {
  if (!ready || board.isOver || board.toPlay !== human) return;
  if (board.isLegal(action)) { seen = null; play(action); }
  else say(`${Go.vertex(action, SIZE)} is not allowed: ${board.stone(action) ? "a stone stands there." : reason(action)}`);
}
function reason(action) {
  const suicide = board.position.isSuicide(board.position.toPoint(action), board.toPlay);
  return suicide ? "the stone would have no liberty." : "it would repeat an earlier position.";
}
function restart(moves = []) {
  asked++;
  board = new Go.Board(SIZE, facts.komi);
  for (const action of moves) board.play(action);
  chances = chances.slice(0, moves.length + 1);
  seen = null;
  if (ready) turn(); else draw();
}
function takeBack() {
  const moves = board.moves.slice();
  do moves.pop(); while (moves.length && (moves.length % 2 ? Go.WHITE : Go.BLACK) !== human);
  restart(moves);
}

// ---- what is seen --------------------------------------------------------------------------------------------------
function say(words) { $("status").textContent = words; }
const points = [];
function lay() {
  const at = (i) => 6 + 88 / 9 * (i + 0.5), lines = [];
  for (let i = 0; i < SIZE; i++) {
    lines.push(`<path d="M${at(i)} ${at(0)}V${at(8)}M${at(0)} ${at(i)}H${at(8)}"/>`);
    lines.push(`<text x="${at(i)}" y="5.2">${Go.COLUMNS[i]}</text><text x="3.2" y="${at(i) + 1.2}">${SIZE - i}</text>`);
  }
  for (const [r, c] of [[2, 2], [2, 6], [4, 4], [6, 2], [6, 6]]) lines.push(`<circle cx="${at(c)}" cy="${at(r)}" r=".9"/>`);
  $("board").innerHTML = `<svg viewBox="0 0 100 100" aria-hidden="true"><g fill="none" stroke="var(--grid)" stroke-width=".35">${
    lines.filter((l) => l.startsWith("<path")).join("")}</g><g fill="var(--label)" font-size="3.4" text-anchor="middle" font-weight="600">${
    lines.filter((l) => !l.startsWith("<path")).join("")}</g></svg>`;
  const grid = document.createElement("div");
  grid.className = "points";
  for (let action = 0; action < PASS; action++) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = action === 40 ? 0 : -1;
    button.addEventListener("click", () => { walk(action); click(action); });
    button.addEventListener("keydown", (event) => steer(event, action));
    grid.append(button);
    points.push(button);
  }
  $("board").append(grid);
}
function walk(action) {
  for (const button of points) button.tabIndex = -1;
  points[action].tabIndex = 0;
  points[action].focus({ preventScroll: true });
}
function steer(event, action) {
  const row = Math.floor(action / SIZE), column = action % SIZE;
  const to = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1] }[event.key];
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  if (Math.min(...to) >= 0 && Math.max(...to) < SIZE) walk(to[0] * SIZE + to[1]);
}
function draw() {
  const last = board.moves.at(-1), mine = board.toPlay === human && !board.isOver && ready;
  const owners = board.isOver ? board.owners() : $("owners").checked && seen?.territory
    ? seen.territory.map((t) => (t > 0.5 ? Go.BLACK : t < -0.5 ? Go.WHITE : 0)) : null;
  const ideas = new Map($("show").checked && seen && mine ? seen.moves.map((move) => [move.action, move.prior]) : []);
  $("board").style.setProperty("--mine", human === Go.BLACK ? "#111" : "#fff");
  points.forEach((button, action) => {
    const stone = board.stone(action), share = ideas.get(action) ?? 0, name = Go.vertex(action, SIZE);
    let inside = stone ? `<span class="stone ${stone === Go.BLACK ? "black" : "white"}"></span>` : "";
    if (owners?.[action] && owners[action] !== stone) inside += `<span class="owner ${owners[action] === Go.BLACK ? "black" : "white"}"></span>`;
    if (share >= 0.01) inside += `<span class="idea" style="--strength:${(0.35 + 0.65 * Math.sqrt(share)).toFixed(2)}">${Math.round(100 * share)}</span>`;
    if (button.innerHTML !== inside) button.innerHTML = inside;
    button.className = `${stone ? "" : mine ? "free" : ""}${action === last ? " last" : ""}`;
    const thought = share >= 0.01 ? `, its policy: ${Math.round(100 * share)} per cent` : "";
    button.setAttribute("aria-label", `${name}, ${stone ? NAMES[stone] : "empty"}${action === last ? ", the last move" : ""}${thought}`);
  });
  $("pass").disabled = !mine;
  $("undo").disabled = !board.moves.some((_, i) => (i % 2 ? Go.WHITE : Go.BLACK) === human);
  if (ready) say(sentence(last));
  $("thoughts").hidden = !$("show").checked && !board.isOver;
  $("thoughts").textContent = thoughts();
  const known = chances.filter((c) => c !== undefined), black = known.length ? known.at(-1) : 0.5;
  $("balance").style.width = `${100 * black}%`;
  drawCourse();
}
function sentence(last) {
  if (board.isOver) {
    const score = board.score(), who = score > 0 ? "Black" : "White", ours = (score > 0) === (human === Go.BLACK);
    return score === 0 ? "A draw." : `${who} wins by ${Math.abs(score)}: ${ours ? "you beat the network." : "the network beat you."}`;
  }
  const before = last === undefined ? "" : `${NAMES[3 - board.toPlay]} ${last === PASS ? "passes" : `plays ${Go.vertex(last, SIZE)}`}. `;
  return before + (board.toPlay === human ? `Your move, ${NAMES[human]}.` : "The network thinks.");
}
function thoughts() {
  if (board.isOver) {
    const [black, white] = [Go.BLACK, Go.WHITE].map((color) => board.owners().filter((owner) => owner === color).length);
    return `Black has ${black} stones and points, White ${white} and ${facts.komi} for moving second.`;
  }
  if (!$("show").checked) return "";
  if (thinking || !seen) return "";
  const best = seen.moves.slice().sort((a, b) => b.visits - a.visits || b.prior - a.prior)[0];
  const percent = Math.round(100 * blackChance(seen.value));
  const how = seen.simulations ? `after ${seen.simulations} simulations` : "by its policy alone";
  return `For you it would play ${Go.vertex(best.action, SIZE)}, ${how}. ` +
    `It gives Black ${percent} %. Figures on the board: its policy, in per cent.`;
}
function drawCourse() {
  const known = chances.map((c, i) => [i, c]).filter(([, c]) => c !== undefined), span = Math.max(20, board.moves.length);
  const line = known.map(([i, c]) => `${(4 + 292 * i / span).toFixed(1)},${(70 - 52 * c).toFixed(1)}`).join(" ");
  $("course").style.visibility = known.length > 1 ? "visible" : "hidden";
  $("course").innerHTML = `<line x1="4" x2="296" y1="44" y2="44"/><text x="4" y="11">Black's chances, as it sees them</text>` +
    `<polyline points="${line}"/>`;
}

lay();
$("pass").addEventListener("click", () => click(PASS));
$("undo").addEventListener("click", takeBack);
$("new").addEventListener("click", () => { chances = []; restart(); });
$("colour").addEventListener("change", (event) => { human = Number(event.target.value); chances = []; restart(); });
$("show").addEventListener("change", () => turn());
$("owners").addEventListener("change", () => turn());
$("rules").textContent = `Black begins; White gets ${facts.komi} points for that. Stones and surrounded points count, as the board stands: ` +
  "capture what is dead before you pass. Two passes end the game.";
$("about").textContent = facts.about;
draw();
