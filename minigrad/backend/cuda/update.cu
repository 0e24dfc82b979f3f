// An optimizer's step for some parameters in one launch: `formula`, which formulas.py writes, for each number of each.
typedef REAL real;
typedef WIDE wide;

// Of each parameter: where it is, its gradient and its slots, its size, its first block, and the formula's numbers.
struct Updates {
    long long words[TOGETHER * WORDS];
};
#define WORD(k, n) (updates.words[(k) * WORDS + (n)])

__device__ __forceinline__ void formula(wide p, wide g, const wide *slots, const wide *numbers, wide *results);

extern "C" __global__ void update(const Updates updates, int count, const double *later_numbers) {
    int k = 0;
    while (k + 1 < count && blockIdx.x >= WORD(k + 1, SLOTS + 3)) k++;
    real *p = (real *)WORD(k, 0);
    const real *g = (const real *)WORD(k, 1);
    const long long size = WORD(k, SLOTS + 2), first = (blockIdx.x - WORD(k, SLOTS + 3)) * PER_THREAD * blockDim.x;
    wide numbers[NUMBERS + 1];
    for (int j = 0; j < NUMBERS; j++)  // in device memory while a graph is captured, so that they can change
        numbers[j] = (wide)(later_numbers ? later_numbers[k * NUMBERS + j] : __longlong_as_double(WORD(k, SLOTS + 4 + j)));
    for (int part = 0; part < PER_THREAD; part++) {
        const long long i = first + part * blockDim.x + threadIdx.x;
        if (i >= size) return;
        wide slots[SLOTS + 1], results[SLOTS + 1];
        for (int s = 0; s < SLOTS; s++) slots[s] = ((const wide *)WORD(k, 2 + s))[i];
        formula((wide)p[i], (wide)g[i], slots, numbers, results);
        p[i] = (real)results[0];
        for (int s = 0; s < SLOTS; s++) ((wide *)WORD(k, 2 + s))[i] = results[1 + s];
    }
}
