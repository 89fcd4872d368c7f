"""Reference solutions of lesson 03."""

import numpy as np


def occlude(image, top, left, mask, value):
    hidden = image.copy()
    # A negative start of a slice would count from the other end.
    hidden[max(0, top) : max(0, top + mask), max(0, left) : max(0, left + mask)] = value
    return hidden


def occlusion_drops(predict, image, mask, stride, value):
    clean = np.asarray(predict(image))
    unit = int(clean.argmax())
    height, width = image.shape[:2]
    rows = []
    for top in range(0, height - mask + 1, stride):
        row = []
        for left in range(0, width - mask + 1, stride):
            hidden = image.copy()
            hidden[top : top + mask, left : left + mask] = value
            row.append(clean[unit] - predict(hidden)[unit])
        rows.append(row)
    return np.array(rows)


def activation_map(maps, weights, class_index):
    return maps @ weights[:, class_index]


def touched(first, last, size, kernel, stride, padding):
    # Place o looks at the pixels o * stride - padding to o * stride - padding + kernel - 1.
    lowest = max(0, -((kernel - 1 - padding - first) // stride))  # minus the floor of minus x: x rounded up
    highest = min((size + 2 * padding - kernel) // stride, (last + padding) // stride)
    return (lowest, highest) if lowest <= highest else None


def best_patch(weights):
    return weights / np.sqrt(np.sum(weights**2))


def mask_experiment():
    # EfficientNet-Lite0's logits on the lesson's four photos; np.corrcoef(grey.drop.ravel(), other.drop.ravel())[0, 1]
    return {
        "stride": 28,
        "predicted": "colour",
        "reason": "Black is a thing with edges, grey is nearly nothing.",
        "colour": [0.725, 0.607, 0.447, 0.808],
        "size": [0.639, 0.419, 0.287, 0.416],
        "matters_more": "size",  # but neither is innocent: name both beside a map
    }
