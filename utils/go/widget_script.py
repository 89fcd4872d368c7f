"""What the browser draws and sends: the script and the style of :mod:`utils.go.widget`'s board (lesson 11)."""

from utils.go.vertices import COLUMNS

SCRIPT = (
    f"""const LETTERS = "{COLUMNS}";"""
    + """
function render({ model, el }) {
  const ns = "http://www.w3.org/2000/svg";
  const make = (name, set) => {
    const node = document.createElementNS(ns, name);
    for (const key in set) node.setAttribute(key, set[key]);
    return node;
  };
  const part = (name, set, ...inside) => {
    const node = Object.assign(document.createElement(name), set);
    node.append(...inside);
    return node;
  };
  const send = (what) => {
    const count = model.get("clicked")[1];
    if (model.get("answered") < count) return;  // the opponent still thinks about the last move
    model.set("clicked", [what, count + 1]);
    model.save_changes();
  };
  const svg = make("svg", { width: 430, tabindex: 0, role: "application",
                            "aria-label": "Go board: arrow keys choose a point, Enter plays there" });
  const status = part("div", { className: "go-status", role: "status" });
  const spoken = part("div", { className: "go-spoken", role: "status" });
  const pass = part("button", { type: "button", onclick: () => send(model.get("size") ** 2) }, "Pass");
  const undo = part("button", { type: "button", onclick: () => send(-2),
                                title: "Takes back your last move and the answer to it" }, "Take back");
  const buttons = part("div", { className: "go-buttons" }, pass, undo);
  const menu = part("select", {}, ...model.get("levels").map((name) => part("option", { value: name }, name)));
  menu.onchange = () => {
    model.set("level", menu.value);
    model.save_changes();
  };
  if (model.get("levels").length > 1) buttons.append(part("label", {}, "Opponent ", menu));
  let cursor = Math.floor(model.get("size") ** 2 / 2);
  svg.onkeydown = (event) => {
    const n = model.get("size"), x = cursor % n, y = Math.floor(cursor / n);
    const steps = { ArrowLeft: x > 0 && -1, ArrowRight: x < n - 1 && 1,
                    ArrowUp: y > 0 && -n, ArrowDown: y < n - 1 && n };
    if (event.key === "Enter" || event.key === " ") send(cursor);
    else if (event.key in steps) cursor += Number(steps[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    const here = ["empty", "black", "white"][model.get("stones")[cursor]];
    spoken.textContent = `${LETTERS[cursor % n]}${n - Math.floor(cursor / n)}, ${here}`;
    draw();
  };
  function draw() {
    const n = model.get("size"), stones = model.get("stones"), policy = model.get("policy");
    svg.replaceChildren();
    svg.setAttribute("viewBox", `-1.3 -0.8 ${n + 1.1} ${n + 1.1}`);
    svg.setAttribute("height", 430);
    svg.append(make("rect", { x: -1.3, y: -0.8, width: n + 1.1, height: n + 1.1, fill: "#EBCB90" }));
    for (let i = 0; i < n; i++) {
      const set = { "font-size": 0.34, fill: "#5A4A2A", "text-anchor": "middle", "dominant-baseline": "central" };
      const letter = make("text", { ...set, x: i, y: n - 0.25 }), number = make("text", { ...set, x: -0.9, y: i });
      letter.textContent = LETTERS[i];
      number.textContent = n - i;
      svg.append(letter, number);
      svg.append(make("line", { x1: 0, x2: n - 1, y1: i, y2: i, stroke: "#5A4A2A", "stroke-width": 0.03 }));
      svg.append(make("line", { y1: 0, y2: n - 1, x1: i, x2: i, stroke: "#5A4A2A", "stroke-width": 0.03 }));
    }
    for (let a = 0; a < n * n; a++) {
      const x = a % n, y = Math.floor(a / n);
      if (policy.length && policy[a] > 0.01 && !stones[a]) {
        const w = 0.8 * Math.sqrt(policy[a]);
        svg.append(make("rect", { x: x - w / 2, y: y - w / 2, width: w, height: w, fill: "#0072B2", opacity: 0.6 }));
      }
      if (stones[a]) {
        const black = stones[a] === 1;
        svg.append(make("circle", { cx: x, cy: y, r: 0.46, fill: black ? "#111" : "#fff", stroke: "#111",
                                    "stroke-width": 0.03 }));
        if (a === model.get("last")) {
          svg.append(make("circle", { cx: x, cy: y, r: 0.17, fill: "none", stroke: black ? "#fff" : "#111",
                                      "stroke-width": 0.06 }));
        }
      } else {
        const hit = make("rect", { x: x - 0.5, y: y - 0.5, width: 1, height: 1, fill: "transparent" });
        hit.style.cursor = "pointer";
        hit.onclick = () => { cursor = a; send(a); };
        svg.append(hit);
      }
    }
    svg.append(make("rect", { class: "go-cursor", x: (cursor % n) - 0.5, y: Math.floor(cursor / n) - 0.5,
                              width: 1, height: 1 }));
    status.textContent = model.get("status");
    menu.value = model.get("level");
  }
  for (const name of ["stones", "policy", "status", "last", "level"]) model.on(`change:${name}`, draw);
  draw();
  el.classList.add("go-game");
  el.dataset.lmSuppressShortcuts = "true";  // JupyterLab would take the arrow keys for its own
  el.append(svg, status, spoken, buttons);
}
export default { render };
"""
)
STYLE = """
.go-game { padding: 4px; color: var(--jp-content-font-color1, var(--vscode-foreground, inherit)); }
.go-status { min-height: 1.5em; margin-top: 4px; }
.go-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.go-buttons { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-top: 4px; }
.go-buttons button, .go-buttons select {
  font: inherit; color: #222; background: #f3efe6; border: 1px solid #767676; border-radius: 3px; padding: 3px 10px;
}
.go-buttons button:hover { background: #e3dccb; }
.go-cursor { fill: none; stroke: none; pointer-events: none; }
.go-game svg:focus-visible .go-cursor { stroke: #00507d; stroke-width: 0.09; }
.go-game :focus-visible { outline: 2px solid #1a7fc4; outline-offset: 2px; }
"""
