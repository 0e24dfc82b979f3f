// Sums and softmax of the rows and columns of a matrix, added up in double.
typedef REAL real;
typedef WIDE wide;

__device__ double sum_of_warp(double x) {
    for (int lane = 16; lane; lane /= 2) x += __shfl_xor_sync(0xffffffff, x, lane);
    return x;
}

__device__ wide maximum_of_warp(wide x) {  // a NaN wins
    for (int lane = 16; lane; lane /= 2) {
        const wide other = __shfl_xor_sync(0xffffffff, x, lane);
        x = x != x || x > other ? x : other;
    }
    return x;
}

// What a row is held against: its distribution, or 1 at its label; smoothed.
struct Targets {
    const real *distributions;     // (N, C), or null
    const long long *labels;       // (N,), or null
    double rest, share;            // of a target, and of each class besides

    __device__ wide at(long long n, int c, long long C) const {
        const wide target = labels ? (wide)(labels[n] == c) : (wide)distributions[n * C + c];
        return share != 0 ? (wide)(real)(target * (wide)rest + (wide)share) : target;
    }
    __device__ bool wrong(long long n, long long C) const { return labels && (labels[n] < 0 || labels[n] >= C); }
};

// Of each row of (N, C): weight · −Σ target · log softmax, and the softmax. Where the weight is 0, logits count as zeros;
// where the label is out of range, the results are NaN. Without weights each is 1. A warp for each row.
extern "C" __global__ void cross_entropy(
    const real *logits, const real *distributions, const long long *labels, double rest, double share,
    const wide *weights, wide *losses, real *softmax, long long N, long long C
) {
    const long long n = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) return;  // a whole warp
    const Targets targets = {distributions, labels, rest, share};
    const wide weight = weights ? weights[n] : (wide)1;
    if (weight == 0 || targets.wrong(n, C)) {
        const wide nan = (wide)__int_as_float(0x7fffffff);
        for (int c = threadIdx.x; c < C; c += 32) softmax[n * C + c] = (real)(weight == 0 ? (wide)1 / (wide)C : nan);
        if (threadIdx.x == 0) losses[n] = weight == 0 ? (wide)0 : nan;
        return;
    }
    const real *x = logits + n * C;
    wide largest = -(wide)__int_as_float(0x7f800000);
    double total = 0, loss = 0;
    for (int c = threadIdx.x; c < C; c += 32) {
        const wide logit = (wide)x[c];
        largest = logit != logit || logit > largest ? logit : largest;
    }
    largest = maximum_of_warp(largest);
    for (int c = threadIdx.x; c < C; c += 32) total += exp((wide)x[c] - largest);
    const wide sum = (wide)sum_of_warp(total), log_sum = log(sum);
    for (int c = threadIdx.x; c < C; c += 32) {
        const wide shifted = (wide)x[c] - largest, target = targets.at(n, c, C);
        if (target != 0) loss += target * (log_sum - shifted);
        softmax[n * C + c] = (real)(exp(shifted) / sum);
    }
    loss = sum_of_warp(loss);
    if (threadIdx.x == 0) losses[n] = (wide)loss * weight;
}

// scale · (softmax · Σ target − target) of each row. A warp for each row.
extern "C" __global__ void cross_entropy_gradient(
    const real *softmax, const real *distributions, const long long *labels, double rest, double share,
    const wide *scale, real *gradient, long long N, long long C
) {
    const long long n = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) return;
    const Targets targets = {distributions, labels, rest, share};
    double total = 0;
    for (int c = threadIdx.x; c < C; c += 32) total += targets.at(n, c, C);
    const wide mass = (wide)sum_of_warp(total);
    for (int c = threadIdx.x; c < C; c += 32) {
        const wide difference = (wide)softmax[n * C + c] * mass - targets.at(n, c, C);
        gradient[n * C + c] = (real)(difference * scale[n]);
    }
}

// The sums of the columns of (R, C), in an order that is always the same: each block adds up some rows of 32 columns,
// and the last block to finish adds up what the blocks found.
extern "C" __global__ void channel_sum(
    const real *x, double *partial, unsigned *finished, real *y, long long R, long long C
) {
    __shared__ double sums[8][32];
    __shared__ bool last;
    const long long c = (long long)blockIdx.x * 32 + threadIdx.x;
    double sum = 0;
    if (c < C)
        for (long long r = (long long)blockIdx.y * 8 + threadIdx.y; r < R; r += (long long)gridDim.y * 8)
            sum += (double)(wide)x[r * C + c];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && c < C) {
        for (int k = 1; k < 8; k++) sum += sums[k][threadIdx.x];
        partial[blockIdx.y * C + c] = sum;
        __threadfence();
    }
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) last = atomicAdd(finished + blockIdx.x, 1u) == gridDim.y - 1;
    __syncthreads();
    if (!last || threadIdx.y != 0) return;
    if (c < C) {
        sum = 0;
        for (int k = 0; k < gridDim.y; k++) sum += ((volatile double *)partial)[k * C + c];
        y[c] = (real)(wide)sum;
    }
    if (threadIdx.x == 0) finished[blockIdx.x] = 0;  // for the next launch
}
