"""Images turned and zoomed."""

from __future__ import annotations

import math

from minigrad.backend.compiled.shared import bounds, inner, shared


@inner()
def _pixel(pixels, row, column, H, W):
    """The number at a place of an image; 0 outside."""
    return pixels[row * W + column] if 0 <= row < H and 0 <= column < W else pixels.dtype.type(0)


@shared
def affine(s, shares, x, matrices, y):
    """Images (N, C, H, W) whose pixels are those of x at matrix · place, mixed of the four around it."""
    N, C, H, W = x.shape
    middle_h, middle_w = (H - 1) / 2, (W - 1) / 2
    flat_x, flat_y = x.reshape(N * C, H * W), y.reshape(N * C, H * W)
    first, last = bounds(N, s, shares)
    for image in range(first * C, last * C):
        pixels, out, matrix = flat_x[image], flat_y[image], matrices[image // C]
        row_h, row_w, column_h, column_w = matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]
        for h in range(H):
            for w in range(W):
                row = row_h * (h - middle_h) + row_w * (w - middle_w) + middle_h
                column = column_h * (h - middle_h) + column_w * (w - middle_w) + middle_w
                top, left = math.floor(row), math.floor(column)
                down, right = x.dtype.type(row - top), x.dtype.type(column - left)
                if 0 <= top < H - 1 and 0 <= left < W - 1:
                    at = top * W + left
                    a, b, c, d = pixels[at], pixels[at + 1], pixels[at + W], pixels[at + W + 1]
                else:
                    a, b = _pixel(pixels, top, left, H, W), _pixel(pixels, top, left + 1, H, W)
                    c, d = _pixel(pixels, top + 1, left, H, W), _pixel(pixels, top + 1, left + 1, H, W)
                upper, lower = a + (b - a) * right, c + (d - c) * right
                out[h * W + w] = upper + (lower - upper) * down
