// One pass over arrays of one memory order: n numbers each.
typedef REAL real;
typedef WIDE wide;

#define EACH                                                              \
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; \
    if (i >= n) return;

extern "C" __global__ void relu(const real *x, real *y, bool *positive, long long n) {
    EACH
    const wide v = (wide)x[i];
    y[i] = v <= 0 ? (real)0 : x[i];  // a NaN stays
    positive[i] = v > 0;
}

extern "C" __global__ void masked(const real *x, const bool *mask, real *y, long long n) {
    EACH
    y[i] = mask[i] ? x[i] : (real)0;
}

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four numbers of each counter.
__device__ void philox(unsigned key0, unsigned key1, unsigned *counter) {
    for (int round = 0; round < 10; round++) {
        const unsigned high0 = __umulhi(0xD2511F53u, counter[0]), low0 = 0xD2511F53u * counter[0];
        const unsigned high1 = __umulhi(0xCD9E8D57u, counter[2]), low1 = 0xCD9E8D57u * counter[2];
        const unsigned next[4] = {high1 ^ counter[1] ^ key0, low1, high0 ^ counter[3] ^ key1, low0};
        for (int k = 0; k < 4; k++) counter[k] = next[k];
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// 0 with probability p, else scale; the key is in device memory while a graph is captured, so that it can change.
extern "C" __global__ void dropout_mask(
    real *mask, double p, double scale, long long key, const long long *later_key, long long n
) {
    const long long group = (long long)blockIdx.x * blockDim.x + threadIdx.x, first = 4 * group;
    if (first >= n) return;
    if (later_key) key = *later_key;
    unsigned drawn[4] = {(unsigned)group, (unsigned)(group >> 32), 0, 0};
    philox((unsigned)key, (unsigned)(key >> 32), drawn);
    for (int k = 0; k < 4 && first + k < n; k++)
        mask[first + k] = (drawn[k] >> 8) * 0x1p-24 >= p ? (real)scale : (real)0;
}
