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

  // C (m, n) = A (m, k) B (k, n), three rows by four columns at a time; B lies in strips of four columns (`strips`), and m
  // is filled up to a multiple of three.
  function multiply(A, a0, B, b0, C, c0, m, k, n) {
    for (let j = 0; j < n; j += 4)
      for (let i = 0; i < m; i += 3) {
        let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0, c20 = 0, c21 = 0, c22 = 0, c23 = 0;
        for (let a = a0 + i * k, end = a + k, b = b0 + j * k; a < end; a++, b += 4) {
          const x0 = A[a], x1 = A[a + k], x2 = A[a + 2 * k], y0 = B[b], y1 = B[b + 1], y2 = B[b + 2], y3 = B[b + 3];
          c00 += x0 * y0; c01 += x0 * y1; c02 += x0 * y2; c03 += x0 * y3;
          c10 += x1 * y0; c11 += x1 * y1; c12 += x1 * y2; c13 += x1 * y3;
          c20 += x2 * y0; c21 += x2 * y1; c22 += x2 * y2; c23 += x2 * y3;
        }
        const c = c0 + i * n + j;
        C[c] = c00; C[c + 1] = c01; C[c + 2] = c02; C[c + 3] = c03;
        C[c + n] = c10; C[c + n + 1] = c11; C[c + n + 2] = c12; C[c + n + 3] = c13;
        C[c + 2 * n] = c20; C[c + 2 * n + 1] = c21; C[c + 2 * n + 2] = c22; C[c + 2 * n + 3] = c23;
      }
  }

  const activated = (value, activation) => (activation === "relu" && value < 0 ? 0 : value);
  const up = (x, to) => Math.ceil(x / to) * to;
  // A matrix's columns four by four, each four from top to bottom, as `multiply` reads them.
  function strips(matrix, rows, columns) {
    const out = new Float32Array(rows * up(columns, 4));
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[(c >> 2) * 4 * rows + 4 * r + (c & 3)] = matrix[r * columns + c];
    return out;
  }

  const buffers = new Map();
  function buffer(name, size) {
    const key = name + size;
    if (!buffers.has(key)) buffers.set(key, new Float64Array(size));
    return buffers.get(key);
  }

  // A convolution made ready: (height, width, inputs) to (height, width, outputs); padding "same" or "valid".
  function convolution(layer, activation, padding = "same") {
    if (layer.side === 3 && padding === "same") return winograd(layer, activation);
    const { side, inputs, outputs, bias } = layer, k = side * side * inputs, n = up(outputs, 4);
    const matrix = strips(layer.weights, k, outputs), offset = padding === "same" ? (side - 1) >> 1 : 0;
    return (x, height, width) => {
      const high = padding === "same" ? height : height - side + 1, wide = padding === "same" ? width : width - side + 1;
      const m = high * wide, patches = buffer("patches", up(m, 3) * k), product = buffer("product", up(m, 3) * n);
      for (let row = 0, at = 0; row < high; row++)
        for (let column = 0; column < wide; column++)
          for (let i = -offset; i < side - offset; i++)
            for (let j = -offset; j < side - offset; j++, at += inputs) {
              const r = row + i, c = column + j;
              if (r < 0 || c < 0 || r >= height || c >= width) patches.fill(0, at, at + inputs);
              else for (let f = 0, from = (r * width + c) * inputs; f < inputs; f++) patches[at + f] = x[from + f];
            }
      multiply(patches, 0, matrix, 0, product, 0, up(m, 3), k, n);
      const out = new Float64Array(m * outputs);
      for (let p = 0; p < m; p++)
        for (let o = 0; o < outputs; o++) out[p * outputs + o] = activated(product[p * n + o] + bias[o], activation);
      return out;
    };
  }

  // A 3x3 convolution after Winograd (Lavin and Gray 2016): the board in tiles of 3x3, the 5x5 points that a tile sees and
  // the kernel each turned into 25 numbers whose products, turned back, are the tile's nine outputs: 25 products instead
  // of 81. Turning goes along columns, then along rows: a product of polynomials from its values at 0, 1, -1, 2 and its
  // highest coefficient.
  const KERNEL = [[1 / 2, 0, 0], [-1 / 2, -1 / 2, -1 / 2], [-1 / 6, 1 / 6, -1 / 6], [1 / 6, 1 / 3, 2 / 3], [0, 0, 1]];

  function turn(from, at, step, to, into, leap, count) {
    for (let c = 0; c < count; c++, at++, into++) {
      const d0 = from[at], d1 = from[at + step], d2 = from[at + 2 * step], d3 = from[at + 3 * step], d4 = from[at + 4 * step];
      to[into] = 2 * (d0 - d2) - d1 + d3;
      to[into + leap] = d3 - d2 - 2 * d1;
      to[into + 2 * leap] = d3 - 3 * d2 + 2 * d1;
      to[into + 3 * leap] = d3 - d1;
      to[into + 4 * leap] = 2 * (d1 - d3) - d2 + d4;
    }
  }
  function turnBack(from, at, step, to, into, leap, count) {
    for (let c = 0; c < count; c++, at++, into++) {
      const m1 = from[at + step], m2 = from[at + 2 * step], m3 = from[at + 3 * step];
      to[into] = from[at] + m1 + m2 + m3;
      to[into + leap] = m1 - m2 + 2 * m3;
      to[into + 2 * leap] = m1 + m2 + 4 * m3 + from[at + 4 * step];
    }
  }

  function winograd({ weights, inputs, outputs, bias }, activation) {
    const n = up(outputs, 4), turned = new Float32Array(25 * inputs * n);
    for (let u = 0; u < 5; u++)
      for (let v = 0; v < 5; v++) {
        const matrix = new Float64Array(inputs * outputs);
        for (let i = 0; i < 9; i++) {
          const share = KERNEL[u][Math.floor(i / 3)] * KERNEL[v][i % 3];
          for (let f = 0; f < matrix.length; f++) matrix[f] += share * weights[i * matrix.length + f];
        }
        turned.set(strips(matrix, inputs, outputs), (5 * u + v) * inputs * n);
      }
    return (x, height, width) => {
      const down = Math.ceil(height / 3), along = Math.ceil(width / 3), tiles = up(down * along, 3);
      const line = (3 * along + 2) * inputs, out = new Float64Array(height * width * outputs);
      const padded = buffer("padded", (3 * down + 2) * line).fill(0), columns = buffer("columns", down * 5 * line);
      const seen = buffer("seen", 25 * tiles * inputs), products = buffer("products", 25 * tiles * n);
      const halves = buffer("halves", 15 * n), tile = buffer("tile", 9 * n);
      for (let r = 0; r < height; r++)
        padded.set(x.subarray(r * width * inputs, (r + 1) * width * inputs), (r + 1) * line + inputs);
      for (let r = 0; r < down; r++) {
        turn(padded, 3 * r * line, line, columns, 5 * r * line, line, line);
        for (let u = 0; u < 5; u++)
          for (let c = 0; c < along; c++) {
            const to = (5 * u * tiles + r * along + c) * inputs;
            turn(columns, (5 * r + u) * line + 3 * c * inputs, inputs, seen, to, tiles * inputs, inputs);
          }
      }
      for (let p = 0; p < 25; p++)
        multiply(seen, p * tiles * inputs, turned, p * inputs * n, products, p * tiles * n, tiles, inputs, n);
      for (let r = 0; r < down; r++)
        for (let c = 0; c < along; c++) {
          const at = (r * along + c) * n;
          for (let u = 0; u < 5; u++) turnBack(products, 5 * u * tiles * n + at, tiles * n, halves, 3 * u * n, n, n);
          turnBack(halves, 0, 3 * n, tile, 0, 3 * n, 3 * n);
          for (let i = 0; i < 3 && 3 * r + i < height; i++)
            for (let j = 0; j < 3 && 3 * c + j < width; j++)
              for (let o = 0, to = ((3 * r + i) * width + 3 * c + j) * outputs; o < outputs; o++)
                out[to + o] = activated(tile[(3 * i + j) * n + o] + bias[o], activation);
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

  return { read, folded, convolution, goNetwork, digitNetwork };
})();
