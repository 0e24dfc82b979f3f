// cuBLAS, as far as matrix products go.
#include "device.h"
#include "../include/half_bits.h"
#include <vector>

struct Handle {
    intptr_t stream = 0;
    int mode = 0;
};
enum { INVALID_VALUE = 7, NOT_SUPPORTED = 15 };  // cublasStatus_t
enum Type { FLOAT = 0, DOUBLE = 1, HALF = 2 };   // cudaDataType
static int size_of(int type) { return type == DOUBLE ? 8 : type == FLOAT ? 4 : 2; }

// To 10 bits, as Tensor Cores read float32 numbers where TF32 is allowed.
static float rounded(float x) { return hosted::same_bits<float>((hosted::same_bits<unsigned>(x) + 0x1000) & ~0x1fffu); }

struct Matrix {  // column by column
    char *memory;
    int type;
    int64_t step;  // from column to column
    bool transposed = false, tf32 = false;

    char *at(int64_t i, int64_t j) const {
        if (transposed) std::swap(i, j);
        return memory + (i + j * step) * size_of(type);
    }
    double get(int64_t i, int64_t j) const {
        char *p = at(i, j);
        if (type == DOUBLE) return *(double *)p;
        if (type == HALF) return __half2float(*(unsigned short *)p);
        return tf32 ? rounded(*(float *)p) : *(float *)p;
    }
    void set(int64_t i, int64_t j, double value) const {
        char *p = at(i, j);
        if (type == DOUBLE) *(double *)p = value;
        else if (type == FLOAT) *(float *)p = value;
        else *(unsigned short *)p = __float2half_rn(value);
    }
};

// c (M, N) = alpha · a (M, K) @ b (K, N) + beta · c, added up in double.
static void multiply(int M, int N, int K, double alpha, Matrix a, Matrix b, double beta, Matrix c) {
    std::vector<double> columns((size_t)M * K), sums(M);
    for (int k = 0; k < K; k++)
        for (int i = 0; i < M; i++) columns[(size_t)k * M + i] = a.get(i, k);
    for (int j = 0; j < N; j++) {
        std::fill(sums.begin(), sums.end(), 0);
        for (int k = 0; k < K; k++) {
            double factor = b.get(k, j), *column = &columns[(size_t)k * M];
            for (int i = 0; i < M; i++) sums[i] += column[i] * factor;
        }
        for (int i = 0; i < M; i++) c.set(i, j, alpha * sums[i] + (beta ? beta * c.get(i, j) : 0));
    }
}

static int product(
    Handle *handle, int ta, int tb, int M, int N, int K, double alpha, const void *a, int lda, const void *b, int ldb,
    double beta, void *c, int ldc, int type, bool tf32 = false) {
    if (lda < (ta ? K : M) || ldb < (tb ? N : K) || ldc < M) return INVALID_VALUE;
    counts.products++;
    Matrix left{(char *)a, type, lda, ta != 0, tf32}, right{(char *)b, type, ldb, tb != 0, tf32};
    Matrix result{(char *)c, type, ldc};
    perform(handle->stream, [=] { multiply(M, N, K, alpha, left, right, beta, result); });
    return 0;
}

static double number(const void *p, bool wide) { return wide ? *(double *)p : *(float *)p; }

extern "C" {
int cublasCreate_v2(Handle **handle) {
    *handle = new Handle;
    return 0;
}
int cublasDestroy_v2(Handle *handle) {
    delete handle;
    return 0;
}
int cublasSetStream_v2(Handle *handle, intptr_t stream) {
    handle->stream = stream;
    return 0;
}
int cublasGetStream_v2(Handle *handle, intptr_t *stream) {
    *stream = handle->stream;
    return 0;
}
int cublasGetVersion_v2(Handle *, int *version) {
    *version = 130000;
    return 0;
}
int cublasSetPointerMode_v2(Handle *handle, int mode) {
    handle->mode = mode;
    return 0;
}
int cublasGetPointerMode_v2(Handle *handle, int *mode) {
    *mode = handle->mode;
    return 0;
}
int cublasSetMathMode(Handle *, int) { return 0; }
int cublasGetMathMode(Handle *, int *mode) {
    *mode = 0;
    return 0;
}
int cublasSetWorkspace_v2(Handle *, void *, size_t) { return 0; }

int cublasGemmEx(
    Handle *handle, int ta, int tb, int M, int N, int K, const void *alpha, const void *a, int type_a, int lda,
    const void *b, int type_b, int ldb, const void *beta, void *c, int type_c, int ldc, int compute, int) {
    if (type_a != type_b || type_b != type_c) return NOT_SUPPORTED;
    bool wide = compute == 70 || compute == 71;  // CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_64F_PEDANTIC
    bool tf32 = compute == 77;                   // CUBLAS_COMPUTE_32F_FAST_TF32
    return product(
        handle, ta, tb, M, N, K, number(alpha, wide), a, lda, b, ldb, number(beta, wide), c, ldc, type_c, tf32);
}
int cublasSgemm_v2(
    Handle *handle, int ta, int tb, int M, int N, int K, const float *alpha, const float *a, int lda, const float *b,
    int ldb, const float *beta, float *c, int ldc) {
    return product(handle, ta, tb, M, N, K, *alpha, a, lda, b, ldb, *beta, c, ldc, FLOAT);
}
int cublasDgemm_v2(
    Handle *handle, int ta, int tb, int M, int N, int K, const double *alpha, const double *a, int lda,
    const double *b, int ldb, const double *beta, double *c, int ldc) {
    return product(handle, ta, tb, M, N, K, *alpha, a, lda, b, ldb, *beta, c, ldc, DOUBLE);
}
int cublasGemmStridedBatchedEx(
    Handle *handle, int ta, int tb, int M, int N, int K, const void *alpha, const void *a, int type_a, int lda,
    long long step_a, const void *b, int type_b, int ldb, long long step_b, const void *beta, void *c, int type_c,
    int ldc, long long step_c, int batch, int compute, int algorithm) {
    for (int i = 0; i < batch; i++) {
        auto at = [=](const void *p, long long step) { return (char *)p + i * step * size_of(type_c); };
        if (int status = cublasGemmEx(
                handle, ta, tb, M, N, K, alpha, at(a, step_a), type_a, lda, at(b, step_b), type_b, ldb, beta,
                at(c, step_c), type_c, ldc, compute, algorithm))
            return status;
    }
    return 0;
}
int cublasSgemmBatched(
    Handle *handle, int ta, int tb, int M, int N, int K, const float *alpha, const float *const *a, int lda,
    const float *const *b, int ldb, const float *beta, float *const *c, int ldc, int batch) {
    for (int i = 0; i < batch; i++)
        cublasSgemm_v2(handle, ta, tb, M, N, K, alpha, a[i], lda, b[i], ldb, beta, c[i], ldc);
    return 0;
}
int cublasDgemmBatched(
    Handle *handle, int ta, int tb, int M, int N, int K, const double *alpha, const double *const *a, int lda,
    const double *const *b, int ldb, const double *beta, double *const *c, int ldc, int batch) {
    for (int i = 0; i < batch; i++)
        cublasDgemm_v2(handle, ta, tb, M, N, K, alpha, a[i], lda, b[i], ldb, beta, c[i], ldc);
    return 0;
}
}
