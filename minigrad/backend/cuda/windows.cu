// Windows that slide over images, (N, H, W, C) in memory. REAL is the dtype of the arrays, WIDE the one that it is
// computed in, ARGMAX the one of kernel elements. Nothing is added up by atomics: each thread gathers what is its own.
typedef REAL real;
typedef WIDE wide;

struct Geometry {  // of images, windows and outputs
    int N, H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, above, left;
};

// The pixel on which kernel element (kh, kw) of a window lies; outside of the image there is the border.
#define ROW(oh, kh) ((oh) * g.SH - g.above + (kh) * g.DH)
#define COLUMN(ow, kw) ((ow) * g.SW - g.left + (kw) * g.DW)
#define INSIDE(h, w) ((h) >= 0 && (h) < g.H && (w) >= 0 && (w) < g.W)
#define PIXEL(n, h, w, c) ((((long long)(n) * g.H + (h)) * g.W + (w)) * g.C + (c))
#define OUTPUT(n, oh, ow, c) ((((long long)(n) * g.OH + (oh)) * g.OW + (ow)) * g.C + (c))

// Element i of (N, OH, OW, C), or of (N, H, W, C).
#define EACH_OUTPUT                                                                                                    \
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;                                              \
    if (i >= (long long)g.N * g.OH * g.OW * g.C) return;                                                               \
    const int c = i % g.C, ow = i / g.C % g.OW, oh = i / g.C / g.OW % g.OH, n = i / g.C / g.OW / g.OH;
#define EACH_PIXEL                                                                                                     \
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;                                              \
    if (i >= (long long)g.N * g.H * g.W * g.C) return;                                                                 \
    const int c = i % g.C, w = i / g.C % g.W, h = i / g.C / g.W % g.H, n = i / g.C / g.W / g.H;
// The windows (oh, ow) that pixel (h, w) is in, and as which of their elements (kh, kw).
#define EACH_WINDOW                                                                                                    \
    for (int kh = 0; kh < g.KH; kh++)                                                                                  \
        for (int kw = 0; kw < g.KW; kw++) {                                                                            \
            const int down = h + g.above - kh * g.DH, right = w + g.left - kw * g.DW;                                  \
            const int oh = down / g.SH, ow = right / g.SW;                                                             \
            if (down < 0 || right < 0 || down % g.SH || right % g.SW || oh >= g.OH || ow >= g.OW) continue;

// A row of the matrix for each window, its columns in the order of the filters: (G, N · OH · OW, C / G · KH · KW).
extern "C" __global__ void im2col(const real *x, real *columns, int groups, Geometry g) {
    const long long rows = (long long)g.N * g.OH * g.OW, row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const int ow = row % g.OW, oh = row / g.OW % g.OH, n = row / g.OW / g.OH, taps = g.KH * g.KW, Cg = g.C / groups;
    for (int j = threadIdx.x; j < g.C * taps; j += blockDim.x) {
        const int c = j / taps, k = j % taps, h = ROW(oh, k / g.KW), w = COLUMN(ow, k % g.KW);
        const real pixel = INSIDE(h, w) ? x[PIXEL(n, h, w, c)] : (real)0;
        columns[(c / Cg * rows + row) * Cg * taps + j - c / Cg * Cg * taps] = pixel;
    }
}

// The adjoint: each pixel gathers from the windows that it is in.
extern "C" __global__ void col2im(const real *columns, real *x, int groups, Geometry g) {
    EACH_PIXEL
    const long long rows = (long long)g.N * g.OH * g.OW;
    const int Cg = g.C / groups, taps = g.KH * g.KW;
    wide sum = 0;
    EACH_WINDOW
        const long long row = ((long long)n * g.OH + oh) * g.OW + ow;
        sum += (wide)columns[((c / Cg * rows + row) * Cg + c % Cg) * taps + kh * g.KW + kw];
    }
    x[i] = (real)sum;
}

// The maximum of each window and its kernel element: of ties the first, of NaN the first NaN.
extern "C" __global__ void max_pool2d(const real *x, real *y, ARGMAX *argmax, Geometry g) {
    EACH_OUTPUT
    wide best = 0;
    int first = -1;
    for (int k = 0; k < g.KH * g.KW; k++) {
        const int h = ROW(oh, k / g.KW), w = COLUMN(ow, k % g.KW);
        if (!INSIDE(h, w)) continue;
        const wide pixel = (wide)x[PIXEL(n, h, w, c)];
        if (first < 0 || (!(pixel <= best) && best == best)) best = pixel, first = k;
    }
    y[i] = (real)best;
    argmax[i] = first;
}

// max_pool2d of relu of x + b, where the windows lie side by side and cover the images: one pass.
extern "C" __global__ void bias_relu_pool(
    const real *x, const real *b, bool *positive, real *y, ARGMAX *argmax, Geometry g
) {
    EACH_OUTPUT
    const wide bias = b ? (wide)b[c] : (wide)0;
    wide best = 0;
    int first = 0;
    for (int k = 0; k < g.KH * g.KW; k++) {
        const long long at = PIXEL(n, ROW(oh, k / g.KW), COLUMN(ow, k % g.KW), c);
        wide pixel = (wide)(real)((wide)x[at] + bias);
        positive[at] = pixel > 0;
        pixel = pixel < 0 ? (wide)0 : pixel;
        if (k == 0 || (!(pixel <= best) && best == best)) best = pixel, first = k;
    }
    y[i] = (real)best;
    argmax[i] = first;
}

// Each output added at its argmax, where the mask (if there is one) holds.
extern "C" __global__ void pool_scatter(const real *y, const ARGMAX *argmax, const bool *mask, real *x, Geometry g) {
    EACH_PIXEL
    wide sum = 0;
    if (!mask || mask[i])
        EACH_WINDOW
            const long long at = OUTPUT(n, oh, ow, c);
            if (argmax[at] == kh * g.KW + kw) sum += (wide)y[at];
        }
    x[i] = (real)sum;
}

extern "C" __global__ void pool_gather(const real *x, const ARGMAX *argmax, real *y, Geometry g) {
    EACH_OUTPUT
    const int k = argmax[i], h = ROW(oh, k / g.KW), w = COLUMN(ow, k % g.KW);
    y[i] = INSIDE(h, w) ? x[PIXEL(n, h, w, c)] : (real)0;
}

// Sums in double: of the pixels of a large window, one after the other, float loses digits.
extern "C" __global__ void window_sum(const real *x, wide *y, Geometry g) {
    EACH_OUTPUT
    double sum = 0;
    for (int k = 0; k < g.KH * g.KW; k++) {
        const int h = ROW(oh, k / g.KW), w = COLUMN(ow, k % g.KW);
        if (INSIDE(h, w)) sum += (double)(wide)x[PIXEL(n, h, w, c)];
    }
    y[i] = (wide)sum;
}

extern "C" __global__ void window_broadcast(const real *y, real *x, Geometry g) {
    EACH_PIXEL
    double sum = 0;
    EACH_WINDOW
        sum += (double)(wide)y[OUTPUT(n, oh, ow, c)];
    }
    x[i] = (real)(wide)sum;
}
