// The page's own engine behind standard input, in Node: one JSON object a line, {header, weights, komi} first, then
// {seed} before each game and {moves, options} for each move; answers with the search's result and its CPU time.
"use strict";

const fs = require("fs"), path = require("path"), vm = require("vm"), readline = require("readline");

const folder = path.join(__dirname, "..", "..", "site", "play");
const files = ["go_rules.js", "go_features.js", "network.js", "go_search.js"];
const source = files.map((name) => fs.readFileSync(path.join(folder, name), "utf8")).join("\n");
const { Go, Network, Search } = vm.runInThisContext(`(() => {${source}\nreturn { Go, Network, Search };})()`);

let network, komi, searcher;
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  if (asked.header) {
    network = Network.goNetwork(Network.read(JSON.parse(asked.header), asked.weights));
    komi = asked.komi;
    return;
  }
  if (asked.seed !== undefined) { searcher = new Search.Searcher(network, asked.seed); return; }
  const board = asked.moves.reduce((b, move) => b.play(move), new Go.Board(9, komi)), before = process.cpuUsage();
  const { action, simulations, value } = searcher.search(board, asked.options), { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ action, simulations, value, seconds: (user + system) / 1e6 }));
});
