// A sheet to draw on, the network's ten probabilities, and an occlusion map as in lesson 03: cover a part, ask again.
"use strict";

const SIDE = 28, $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const read = Network.digitNetwork(Network.read(JSON.parse($("header").textContent), $("weights").textContent));
const paper = $("paper"), pen = paper.getContext("2d", { willReadFrequently: true });
let drawing = false, last = null, round = 0, example = -1;

function clear() {
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, paper.width, paper.height);
  pen.strokeStyle = "#111";
  pen.lineWidth = 25;
  pen.lineCap = pen.lineJoin = "round";
  show(null);
}
function place(event) {
  const box = paper.getBoundingClientRect();
  return [(event.clientX - box.left) * paper.width / box.width, (event.clientY - box.top) * paper.height / box.height];
}
function stroke(to) {
  pen.beginPath();
  pen.moveTo(...(last ?? to));
  pen.lineTo(to[0] + 0.01, to[1]);
  pen.stroke();
  last = to;
}
paper.addEventListener("pointerdown", (event) => {
  drawing = true;
  last = null;
  paper.setPointerCapture(event.pointerId);
  stroke(place(event));
  event.preventDefault();
});
paper.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  for (const moment of event.getCoalescedEvents?.() ?? [event]) stroke(place(moment));
  later();
});
for (const end of ["pointerup", "pointercancel"]) paper.addEventListener(end, () => { drawing = false; look(); });
let waiting = 0;
function later() { if (!waiting) waiting = setTimeout(() => { waiting = 0; look(); }, 120); }

// As MNIST was made: the ink scaled to fit 20 x 20 pixels, its centre of mass in the middle of 28 x 28.
function prepared() {
  const { width, height } = paper, { data } = pen.getImageData(0, 0, width, height);
  let left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (data[4 * (y * width + x)] < 128) {
        left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
      }
  if (right < 0) return null;
  const size = Math.max(right - left, bottom - top) + 1, scale = 20 / size, image = new Float64Array(SIDE * SIDE);
  // Each dark pixel of the sheet leaves its share of ink where it falls.
  const ink = new Float64Array(SIDE * SIDE);
  const put = (dx, dy, target) => {
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const dark = 1 - data[4 * (y * width + x)] / 255;
        if (!dark) continue;
        const u = (x - left + 0.5) * scale + dx - 0.5, v = (y - top + 0.5) * scale + dy - 0.5;
        const c = Math.floor(u), r = Math.floor(v), a = u - c, b = v - r;
        for (const [rr, cc, share] of [[r, c, (1 - a) * (1 - b)], [r, c + 1, a * (1 - b)], [r + 1, c, (1 - a) * b], [r + 1, c + 1, a * b]])
          if (rr >= 0 && cc >= 0 && rr < SIDE && cc < SIDE) target[rr * SIDE + cc] += dark * share * scale * scale;
      }
  };
  put(4, 4, ink);
  let sum = 0, across = 0, down = 0;
  ink.forEach((value, i) => { sum += value; across += value * (i % SIDE); down += value * Math.floor(i / SIDE); });
  put(4 + 13.5 - across / sum, 4 + 13.5 - down / sum, image);
  return image.map((value) => Math.min(1, value));
}

function paint(canvas, colour) {
  const brush = canvas.getContext("2d"), cell = canvas.width / SIDE;
  for (let i = 0; i < SIDE * SIDE; i++) {
    brush.fillStyle = colour(i);
    brush.fillRect((i % SIDE) * cell, Math.floor(i / SIDE) * cell, cell, cell);
  }
}

function show(probabilities) {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  [...$("bars").children].forEach((item, digit) => {
    const share = probabilities?.[digit] ?? 0;
    item.className = digit === best ? "best" : "";
    item.querySelector(".fill").style.width = `${100 * share}%`;
    item.querySelector(".share").textContent = probabilities ? `${(100 * share).toFixed(1)} %` : "";
  });
  $("status").textContent = probabilities ? `It reads a ${best}, with ${(100 * probabilities[best]).toFixed(1)} %.` : "Draw a digit.";
  $("eyes").style.visibility = probabilities ? "visible" : "hidden";
  if (!probabilities) { round++; paint($("eye"), () => "#000"); paint($("map"), () => "#000"); $("caption").textContent = "Where it looks"; }
  return best;
}

function look(image = prepared()) {
  if (!image) return;
  const probabilities = read(image), best = show(probabilities);
  paint($("eye"), (i) => `rgb(${Array(3).fill(Math.round(255 * image[i])).join(" ")})`);
  cover(image, best, probabilities[best]);
}

// Cover five by five pixels at every second place and note by how much the answer's probability falls.
function cover(image, best, full) {
  const mine = ++round, fall = new Float64Array(SIDE * SIDE), count = new Float64Array(SIDE * SIDE), places = [];
  for (let r = -1; r < SIDE - 2; r += 2) for (let c = -1; c < SIDE - 2; c += 2) places.push([r, c]);
  const inside = (r, c, act) => {
    for (let y = Math.max(0, r); y < Math.min(SIDE, r + 5); y++)
      for (let x = Math.max(0, c); x < Math.min(SIDE, c + 5); x++) act(y * SIDE + x);
  };
  const some = () => {
    if (mine !== round) return;
    const until = performance.now() + 12;
    while (places.length && performance.now() < until) {
      const [r, c] = places.pop(), covered = image.slice();
      let ink = 0;
      inside(r, c, (i) => { ink += covered[i]; covered[i] = 0; });
      const lost = ink > 0 ? Math.max(0, full - read(covered)[best]) : 0;
      inside(r, c, (i) => { fall[i] += lost; count[i]++; });
    }
    if (places.length) { setTimeout(some, 0); return; }
    const mean = fall.map((value, i) => (count[i] ? value / count[i] : 0)), most = Math.max(...mean, 1e-9);
    paint($("map"), (i) => {
      const heat = mean[i] / most, grey = 150 * image[i];
      return `rgb(${Math.round(grey + (255 - grey) * heat)} ${Math.round(grey * (1 - 0.4 * heat) + 60 * heat)} ${Math.round(grey * (1 - heat))})`;
    });
    $("caption").textContent = `Where it looks: bright where covering 5 × 5 pixels costs the ${best} most (at most ${Math.round(100 * most)} % on average)`;
    $("map").dataset.done = String(best);
  };
  delete $("map").dataset.done;
  some();
}

for (let digit = 0; digit < 10; digit++)
  $("bars").insertAdjacentHTML("beforeend",
    `<li><span>${digit}</span><span class="track"><span class="fill" style="display:block"></span></span><span class="share"></span></li>`);
$("clear").addEventListener("click", clear);
$("example").addEventListener("click", () => {
  example = (example + 1) % facts.examples.length;
  clear();
  const bytes = Uint8Array.from(atob(facts.examples[example]), (character) => character.charCodeAt(0)), cell = paper.width / SIDE;
  bytes.forEach((value, i) => {
    pen.fillStyle = `rgb(${Array(3).fill(255 - value).join(" ")})`;
    pen.fillRect((i % SIDE) * cell, Math.floor(i / SIDE) * cell, cell, cell);
  });
  look(Float64Array.from(bytes, (value) => value / 255));
});
$("about").textContent = facts.about;
clear();
