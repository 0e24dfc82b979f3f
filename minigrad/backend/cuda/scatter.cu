// Values added up by position: the positions are sorted by merging, then one thread adds up those of each, in order.
// No atomics: the same values give the same bits.

typedef unsigned long long Key;  // a position in the upper half, the place of its value in the lower: no two are equal

const int TILE = 256;

extern "C" __global__ void sort_tiles(const long long *positions, Key *keys, long long count) {
    __shared__ Key tile[TILE];
    long long start = (long long)blockIdx.x * TILE;
    int t = threadIdx.x, length = (int)(count - start < TILE ? count - start : TILE), rank = 0;
    if (t < length) tile[t] = (Key)positions[start + t] << 32 | (Key)(start + t);
    __syncthreads();
    if (t >= length) return;
    for (int other = 0; other < length; other++) rank += tile[other] < tile[t];
    keys[start + rank] = tile[t];
}

extern "C" __global__ void merge_pairs(const Key *keys, Key *merged, long long width, long long count) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long start = i / width * width, other = i / width % 2 ? start - width : start + width;
    long long first = other < count ? other : count, low = first, high = other + width < count ? other + width : count;
    while (low < high) {  // the place in the other run: how many of it are smaller
        long long middle = (low + high) / 2;
        if (keys[middle] < keys[i]) low = middle + 1; else high = middle;
    }
    merged[(start < other ? start : other) + (i - start) + (low - first)] = keys[i];
}

extern "C" __global__ void add_runs(const Key *keys, const REAL *x, REAL *y, long long count, long long columns) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x, k = i / columns, column = i % columns;
    if (k >= count) return;
    Key position = keys[k] >> 32;
    if (k > 0 && keys[k - 1] >> 32 == position) return;  // the thread of the first one adds up all
    double sum = 0;
    for (; k < count && keys[k] >> 32 == position; k++) sum += (double)(WIDE)x[(long long)(keys[k] & 0xffffffff) * columns + column];
    y[position * columns + column] = (REAL)(WIDE)sum;
}
