// In the worker: the network and its search. Asked {moves, seconds, territory, whenDecided}, it answers with what it found.
"use strict";

let searcher = null, komi = 7;
self.onmessage = ({ data }) => {
  if (data.header) {
    const network = Network.read(JSON.parse(data.header), data.weights);
    komi = data.komi;
    searcher = new Search.Searcher(Network.goNetwork(network), 1 + Math.floor(Math.random() * 2 ** 30));
    self.postMessage({ ready: true });
    return;
  }
  const board = new Go.Board(9, komi);
  for (const action of data.moves) board.play(action);
  const found = searcher.search(board, data.seconds > 0 ? { seconds: data.seconds, whenDecided: data.whenDecided } : { limit: 0, playouts: 0 });
  self.postMessage({ id: data.id, ...found, territory: data.territory ? searcher.territory(board) : null });
};
