// Numbers of 16 bits, which g++ may not know.
#pragma once
#include <cmath>
#include <cstring>

namespace hosted {
template <class To, class From>
To same_bits(From x) {
    static_assert(sizeof(To) == sizeof(From), "");
    To y;
    memcpy(&y, &x, sizeof y);
    return y;
}
}
inline unsigned short __float2half_rn(float value) {  // to nearest, ties to even
    unsigned x = hosted::same_bits<unsigned>(value), sign = x >> 16 & 0x8000, a = x & 0x7fffffff;
    if (a > 0x7f800000) return sign | 0x7fff;   // NaN
    if (a >= 0x47800000) return sign | 0x7c00;  // 2^16 and beyond; what rounds up to it comes below
    if (a < 0x38800000)                         // subnormal, in units of 2^-24
        return sign | (unsigned)std::nearbyint(hosted::same_bits<float>(a) * 16777216.f);
    a += 0xc8000fff + (a >> 13 & 1);
    return sign | a >> 13;
}
inline float __half2float(unsigned short half) {
    unsigned sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) return (sign ? -1 : 1) * (fraction * 0x1p-24f);
    return hosted::same_bits<float>(sign | (exponent == 31 ? 0x7f800000 : (exponent + 112) << 23) | fraction << 13);
}
