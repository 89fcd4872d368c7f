// The shipped network once more, in TensorFlow.js: what site/play/network.js computes, from the same weights in the page.
"use strict";

// planes (count * 81 * 27) -> {policy, value} of all of them; tensors are made by the backend that is set now.
function peerNetwork(network) {
  const { filters, blocks } = network.architecture;
  const conv = (name, activation) => {
    const { weights, bias, side, inputs, outputs } = Network.folded(network, name, name.replace(/_conv|$/, "_bn"));
    const filter = tf.tensor4d(weights, [side, side, inputs, outputs]), shift = tf.tensor1d(bias);
    return (x) => tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias: shift, activation });
  };
  const dense = (name, activation) => {
    const [kernel, bias] = network.layers[name], b = tf.tensor2d(kernel, kernel.shape), shift = tf.tensor1d(bias);
    return (a) => tf.fused.matMul({ a, b, bias: shift, activation });
  };
  const pool = (x) => tf.concat([tf.mean(x, [1, 2]), tf.max(x, [1, 2])], 1);
  const overview = (name, channels) => {
    const bias = dense(name);
    return (x) => tf.add(x, tf.reshape(bias(pool(x)), [-1, 1, 1, channels]));
  };
  const stem = conv("stem_conv", "relu"), tower = [];
  for (let number = 1; number <= blocks; number++) {
    const first = conv(`block${number}_conv1`, "relu"), second = conv(`block${number}_conv2`);
    const after = number % 2 ? (x) => x : overview(`overview${number}_dense`, filters);
    tower.push((x) => after(tf.relu(tf.add(x, second(first(x))))));
  }
  const heads = { policy: conv("policy_conv", "relu"), value: conv("value_conv", "relu"), points: conv("policy_points") };
  const policyOverview = overview("policy_overview_dense", 32);
  const passHidden = dense("policy_pass_hidden", "relu"), pass = dense("policy_pass");
  const hidden = dense("value_hidden", "relu"), out = dense("value_out");
  return async (planes, count) => {
    const [policy, value] = tf.tidy(() => {
      const x = tower.reduce((y, block) => block(y), stem(tf.tensor4d(planes, [count, 9, 9, 27])));
      const p = heads.policy(x), points = tf.reshape(heads.points(policyOverview(p)), [count, 81]);
      return [tf.softmax(tf.concat([points, pass(passHidden(pool(p)))], 1)), tf.tanh(out(hidden(pool(heads.value(x)))))];
    });
    const answer = { policy: await policy.data(), value: await value.data() };
    policy.dispose();
    value.dispose();
    return answer;
  };
}

let ours, peer, positions;
const together = (count) => {
  const planes = new Float32Array(count * positions[0].length);
  for (let i = 0; i < count; i++) planes.set(positions[i], i * positions[0].length);
  return planes;
};

// Both networks on boards made of `games`' moves; returns the largest difference of their answers.
async function prepare(header, base64, games, backend, simd) {
  const network = Network.read(JSON.parse(header), base64);
  positions = games.map((moves) => Features.planesOf(moves.reduce((board, move) => board.play(move), new Go.Board(9))));
  ours = Network.goNetwork(network);
  if (!simd) tf.env().set("WASM_HAS_SIMD_SUPPORT", false);
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start here`);
  await tf.ready();
  peer = peerNetwork(network);
  const theirs = await peer(together(positions.length), positions.length);
  let most = 0;
  positions.forEach((planes, i) => {
    const answer = ours(planes, 9);
    answer.policy.forEach((share, move) => { most = Math.max(most, Math.abs(share - theirs.policy[82 * i + move])); });
    most = Math.max(most, Math.abs(answer.value - theirs.value[i]));
  });
  return most;
}

// `calls` calls: ours takes positions one by one, the peer all of a batch.
async function timed(which, count, calls) {
  const planes = together(count);
  for (let call = 0; call < calls; call++)
    if (which === "ours") for (let i = 0; i < count; i++) ours(positions[i], 9);
    else await peer(planes, count);
}
