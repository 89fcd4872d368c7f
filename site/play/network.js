// Convolutional networks in plain JavaScript: named layers from a file (site/export.py), batch normalisation folded in.
// The tower is that of utils/go/networks.py: filters, blocks, kind of block and heads are read from its architecture.
"use strict";

const Network = (() => {
  function halfToFloat(h) {
    const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, fraction = h & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  function decode(base64) {
    const text = atob(base64), halves = new Uint16Array(text.length / 2);
    for (let i = 0; i < halves.length; i++) halves[i] = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
    return Float32Array.from(halves, halfToFloat);
  }

  // {meta, layers: name -> arrays of its weights, each with a shape} from what the page carries.
  function read(header, base64) {
    const numbers = decode(base64), layers = {};
    let at = 0;
    for (const [name, shapes] of header.layers)
      layers[name] = shapes.map((shape) => {
        const size = shape.reduce((a, b) => a * b, 1), array = numbers.subarray(at, at + size);
        at += size;
        array.shape = shape;
        return array;
      });
    if (at !== numbers.length) throw new Error("The network's file does not fit its list of layers.");
    return { ...header, layers };
  }

  // A convolution with the normalisation after it folded in: its kernel as a matrix (k * k * inputs, outputs), a bias.
  function folded(network, name, normalisation) {
    const [kernel, ownBias] = network.layers[name], [rows, , inputs, outputs] = kernel.shape;
    const bias = new Float32Array(outputs), weights = Float32Array.from(kernel), normal = network.layers[normalisation];
    if (ownBias) bias.set(ownBias);
    if (normal) {
      const [gamma, beta, mean, variance] = normal;
      for (let o = 0; o < outputs; o++) {
        const scale = gamma[o] / Math.sqrt(variance[o] + network.epsilon);
        for (let i = o; i < weights.length; i += outputs) weights[i] *= scale;
        bias[o] = beta[o] + (bias[o] - mean[o]) * scale;
      }
    }
    return { weights, bias, side: rows, inputs, outputs };
  }

  // C (m, n) = A (m, k) B (k, n), four rows by four columns at a time; m and n are filled up to multiples of four.
  function multiply(A, B, C, m, k, n) {
    for (let j = 0; j < n; j += 4)
      for (let i = 0; i < m; i += 4) {
        let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
        let c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0;
        let a = i * k, b = j;
        for (let t = 0; t < k; t++, a++, b += n) {
          const a0 = A[a], a1 = A[a + k], a2 = A[a + 2 * k], a3 = A[a + 3 * k];
          const b0 = B[b], b1 = B[b + 1], b2 = B[b + 2], b3 = B[b + 3];
          c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
          c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
          c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3;
          c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3;
        }
        const c = i * n + j;
        C[c] = c00; C[c + 1] = c01; C[c + 2] = c02; C[c + 3] = c03;
        C[c + n] = c10; C[c + n + 1] = c11; C[c + n + 2] = c12; C[c + n + 3] = c13;
        C[c + 2 * n] = c20; C[c + 2 * n + 1] = c21; C[c + 2 * n + 2] = c22; C[c + 2 * n + 3] = c23;
        C[c + 3 * n] = c30; C[c + 3 * n + 1] = c31; C[c + 3 * n + 2] = c32; C[c + 3 * n + 3] = c33;
      }
  }

  const up4 = (x) => (x + 3) & ~3;
  const buffers = new Map();
  function buffer(name, size) {
    const key = name + size;
    if (!buffers.has(key)) buffers.set(key, new Float64Array(size));
    return buffers.get(key);
  }

  // A convolution made ready: (height, width, inputs) to (height, width, outputs); padding "same" or "valid".
  function convolution(layer, activation, padding = "same") {
    const { side, inputs, outputs, bias } = layer, k = side * side * inputs, n = up4(outputs);
    const matrix = new Float64Array(k * n);
    for (let r = 0; r < k; r++) for (let o = 0; o < outputs; o++) matrix[r * n + o] = layer.weights[r * outputs + o];
    const offset = padding === "same" ? (side - 1) >> 1 : 0;
    return (x, height, width) => {
      const high = padding === "same" ? height : height - side + 1, wide = padding === "same" ? width : width - side + 1;
      const m = high * wide, patches = buffer("patches", up4(m) * k), product = buffer("product", up4(m) * n);
      for (let row = 0, at = 0; row < high; row++)
        for (let column = 0; column < wide; column++)
          for (let i = -offset; i < side - offset; i++)
            for (let j = -offset; j < side - offset; j++, at += inputs) {
              const r = row + i, c = column + j;
              if (r < 0 || c < 0 || r >= height || c >= width) patches.fill(0, at, at + inputs);
              else for (let f = 0, from = (r * width + c) * inputs; f < inputs; f++) patches[at + f] = x[from + f];
            }
      multiply(patches, matrix, product, up4(m), k, n);
      const out = new Float64Array(m * outputs);
      for (let p = 0; p < m; p++)
        for (let o = 0; o < outputs; o++) {
          const value = product[p * n + o] + bias[o];
          out[p * outputs + o] = activation === "relu" && value < 0 ? 0 : value;
        }
      return out;
    };
  }

  function dense(network, name, activation) {
    const [kernel, bias] = network.layers[name], [inputs, outputs] = kernel.shape;
    return (x) => {
      const out = new Float64Array(outputs);
      for (let o = 0; o < outputs; o++) {
        let sum = bias ? bias[o] : 0;
        for (let i = 0; i < inputs; i++) sum += x[i] * kernel[i * outputs + o];
        out[o] = activation === "relu" ? Math.max(0, sum) : activation === "tanh" ? Math.tanh(sum) : sum;
      }
      return out;
    };
  }

  // Mean and maximum of each channel over the board.
  function pool(x, points, channels) {
    const out = new Float64Array(2 * channels).fill(-Infinity, channels);
    for (let p = 0; p < points; p++)
      for (let c = 0; c < channels; c++) {
        const value = x[p * channels + c];
        out[c] += value / points;
        if (value > out[channels + c]) out[channels + c] = value;
      }
    return out;
  }

  function softmax(logits) {
    const most = Math.max(...logits), out = Array.from(logits, (z) => Math.exp(z - most));
    const sum = out.reduce((a, b) => a + b, 0);
    return out.map((value) => value / sum);
  }

  // From planes (size * size * planes) to {policy, value, owner}: probabilities of the moves, -1 to 1, who gets what.
  function goNetwork(network) {
    const { filters, blocks, bottleneck, policy, value, territory } = network.architecture;
    const conv = (name, activation) => convolution(folded(network, name, name.replace("_conv", "_bn")), activation);
    const stem = conv("stem_conv", "relu"), tower = [];
    for (let number = 1; number <= blocks; number++) {
      const name = `block${number}_conv`, last = bottleneck ? 3 : 2, steps = [];
      for (let i = 1; i <= last; i++) steps.push(conv(name + i, i < last ? "relu" : null));
      tower.push({ steps, overview: number % 2 ? null : dense(network, `overview${number}_dense`) });
    }
    const head = (name) => conv(`${name}_conv`, "relu");
    const plain = (name) => convolution(folded(network, name, ""), null);
    const heads = { policy: policy && head("policy"), value: value && head("value"), points: policy && plain("policy_points") };
    const overview = policy && dense(network, "policy_overview_dense");
    const passHidden = policy && dense(network, "policy_pass_hidden", "relu"), passing = policy && dense(network, "policy_pass");
    const hidden = value && dense(network, "value_hidden", "relu"), out = value && dense(network, "value_out", "tanh");
    const owner = value && territory && plain("owner");

    function addToAll(x, channels, bias) {
      for (let i = 0; i < x.length; i++) x[i] += bias[i % channels];
      return x;
    }
    return (planes, size) => {
      const points = size * size, answer = { policy: null, value: 0, owner: null };
      let x = stem(planes, size, size);
      for (const block of tower) {
        let y = x;
        for (const step of block.steps) y = step(y, size, size);
        for (let i = 0; i < x.length; i++) y[i] = Math.max(0, y[i] + x[i]);
        x = block.overview ? addToAll(y, filters, block.overview(pool(y, points, filters))) : y;
      }
      if (policy) {
        const y = heads.policy(x, size, size), pooled = pool(y, points, 32);
        const pass = passing(passHidden(pooled))[0];
        const logits = heads.points(addToAll(y, 32, overview(pooled)), size, size);
        answer.policy = softmax([...logits, pass]);
      }
      if (value) {
        const y = heads.value(x, size, size);
        answer.value = out(hidden(pool(y, points, 32)))[0];
        if (owner) answer.owner = owner(y, size, size).map(Math.tanh);
      }
      return answer;
    };
  }

  function maxPool(x, height, width, channels) {
    const high = height >> 1, wide = width >> 1, out = new Float64Array(high * wide * channels);
    for (let r = 0; r < high; r++)
      for (let c = 0; c < wide; c++)
        for (let f = 0; f < channels; f++) {
          const at = (2 * r * width + 2 * c) * channels + f, below = at + width * channels;
          out[(r * wide + c) * channels + f] = Math.max(x[at], x[at + channels], x[below], x[below + channels]);
        }
    return out;
  }

  // Lesson 05's better network: 28 x 28 grey levels from 0 to 1, row by row, to ten probabilities.
  function digitNetwork(network) {
    const none = "none", conv = (name, padding) => convolution(folded(network, name, none), null, padding);
    const [first, second, third] = ["conv1", "conv2", "conv3"].map((name, i) => conv(name, i ? "valid" : "same"));
    const scales = ["bn1", "bn2", "bn3"].map((name) => {
      const [gamma, beta, mean, variance] = network.layers[name];
      const scale = gamma.map((g, i) => g / Math.sqrt(variance[i] + network.epsilon));
      return { scale, shift: beta.map((b, i) => b - mean[i] * scale[i]) };
    });
    const normalised = (x, { scale, shift }) =>
      x.map((value, i) => Math.max(0, value * scale[i % scale.length] + shift[i % scale.length]));
    const last = dense(network, "dense");
    return (image) => {
      let x = normalised(maxPool(first(image, 28, 28), 28, 28, 16), scales[0]);
      x = normalised(maxPool(second(x, 14, 14), 10, 10, 48), scales[1]);
      x = normalised(third(x, 5, 5), scales[2]);
      return softmax(last(x));
    };
  }

  return { read, goNetwork, digitNetwork };
})();
