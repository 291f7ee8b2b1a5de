/** Elementary functions as inline scalars and over arrays. The float build has its own polynomials in plain C: one
 * implementation for the body of a vectorized loop and for its tail, so that the bits of an element depend on its
 * value alone, never on its place in an array (libmvec's and libm's do not agree in that way). Errors are at most about
 * 1 to 2 ulp (tests/math/test_vector.c states each); NaN, infinities and denormals come out as in libm. The double
 * build (DNN_DOUBLE) is the reference and uses libm. Coefficients are minimax fits (Remez) made for this file. Local.
 *
 * A loop over the scalars vectorizes at -O3: all of them are free of branches. */
#ifndef DNN_MATH_VECTOR_H
#define DNN_MATH_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/math/real.h"

/* y [n] = f(x [n]); x == y is allowed, other overlap is not. */
#if !defined DNN_DOUBLE || defined DNN_LIBRARY /* a plug-in's half in double would find those of the other build */
void dnn_vector_exp(size_t n, const real *x, real *y);
void dnn_vector_log(size_t n, const real *x, real *y);
void dnn_vector_log1p(size_t n, const real *x, real *y);
void dnn_vector_expm1(size_t n, const real *x, real *y);
void dnn_vector_tanh(size_t n, const real *x, real *y);
void dnn_vector_erf(size_t n, const real *x, real *y);
void dnn_vector_sigmoid(size_t n, const real *x, real *y);
void dnn_vector_softplus(size_t n, const real *x, real *y);
#endif

/* ---- float ---- */

/* Where the processor has no such instruction a call of fmaf would cost more than the whole function. */
static inline float dnn_fma_f(float a, float b, float c)
{
#ifdef __FP_FAST_FMAF
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

static inline uint32_t dnn_bits_of_f(float x)
{
    union { float value; uint32_t bits; } u = {.value = x};
    return u.bits;
}

static inline float dnn_float_of_bits(uint32_t bits)
{
    union { uint32_t bits; float value; } u = {.bits = bits};
    return u.value;
}

/* condition ? a : b by bits: a plain ?: on floats can become a branch, which keeps a loop from being vectorized. */
static inline float dnn_select_f(int condition, float a, float b)
{
    const uint32_t mask = (uint32_t)-condition;
    return dnn_float_of_bits((dnn_bits_of_f(a) & mask) | (dnn_bits_of_f(b) & ~mask));
}

/** 2^k for -126 <= k <= 127. */
static inline float dnn_power_of_two_f(int32_t k) { return dnn_float_of_bits((uint32_t)(k + 127) << 23); }

/* x = k ln 2 + r with abs(r) <= ln 2 / 2. Adding 1.5·2^23 rounds to the nearest integer and leaves it in the low bits. ln 2 is
 * cut into a part of 15 bits, so that k times it is exact even without fma, and the rest. */
static inline int32_t dnn_exp_reduce_f(float x, float *r)
{
    const float shifted = dnn_fma_f(x, 0x1.715476p+0f, 0x1.8p+23f);
    const float k = shifted - 0x1.8p+23f;
    *r = dnn_fma_f(k, -0x1.7f7d1cp-20f, dnn_fma_f(k, -0x1.62e4p-1f, x));
    return (int32_t)(dnn_bits_of_f(shifted) - 0x4B400000u);
}

/* e^r for abs(r) <= ln 2 / 2. */
static inline float dnn_exp_core_f(float r)
{
    float p = 0x1.6ad124p-10f;
    p = dnn_fma_f(p, r, 0x1.123f2ep-7f);
    p = dnn_fma_f(p, r, 0x1.55584ep-5f);
    p = dnn_fma_f(p, r, 0x1.55548ap-3f);
    p = dnn_fma_f(p, r, 0x1.fffffcp-2f);
    return 1.0f + dnn_fma_f(r * r, p, r);
}

static inline float dnn_exp_f(float x)
{
    /* NaN passes both comparisons. Two factors, because 2^k itself would overflow or lose bits at the ends of the range. */
    float r, clipped = dnn_select_f(x > 89.0f, 89.0f, x);
    clipped = dnn_select_f(clipped < -104.0f, -104.0f, clipped);
    const int32_t k = dnn_exp_reduce_f(clipped, &r), half = k >> 1;
    return dnn_exp_core_f(r) * dnn_power_of_two_f(half) * dnn_power_of_two_f(k - half);
}

/* e^x for abs(x) <= 87 only. */
static inline float dnn_exp_near_f(float x)
{
    float r;
    const int32_t k = dnn_exp_reduce_f(x, &r);
    return dnn_exp_core_f(r) * dnn_power_of_two_f(k);
}

static inline float dnn_expm1_f(float x)
{
    float r, clipped = dnn_select_f(x > 89.0f, 89.0f, x);
    clipped = dnn_select_f(clipped < -20.0f, -20.0f, clipped);
    const int32_t k = dnn_exp_reduce_f(clipped, &r);
    float p = 0x1.3b8580p-13f;
    p = dnn_fma_f(p, r, 0x1.6d2e4ep-10f);
    p = dnn_fma_f(p, r, 0x1.1155aap-7f);
    p = dnn_fma_f(p, r, 0x1.555502p-5f);
    p = dnn_fma_f(p, r, 0x1.55552cp-3f);
    p = dnn_fma_f(p, r, 0x1.000000p-1f);
    p = dnn_fma_f(r * r, p, r);
    const float s = dnn_power_of_two_f(k - 1);
    return 2.0f * dnn_fma_f(s, p, s - 0.5f);
}

/* log x for normal positive x: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). */
static inline float dnn_log_core_f(float x, int32_t more)
{
    const uint32_t shifted = dnn_bits_of_f(x) - 0x3F3504F3u;
    const float k = (float)(((int32_t)shifted >> 23) + more);
    const float f = dnn_float_of_bits((shifted & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f, s = f * f;
    float p = 0x1.b5ab90p-5f;
    p = dnn_fma_f(p, f, -0x1.bf29b8p-4f);
    p = dnn_fma_f(p, f, 0x1.eff078p-4f);
    p = dnn_fma_f(p, f, -0x1.0103e2p-3f);
    p = dnn_fma_f(p, f, 0x1.23036ep-3f);
    p = dnn_fma_f(p, f, -0x1.552f18p-3f);
    p = dnn_fma_f(p, f, 0x1.99a540p-3f);
    p = dnn_fma_f(p, f, -0x1.000070p-2f);
    p = dnn_fma_f(p, f, 0x1.555548p-2f);
    const float tail = dnn_fma_f(-0.5f, s, dnn_fma_f(s * f, p, k * 0x1.7f7d1cp-20f));
    return dnn_fma_f(k, 0x1.62e4p-1f, f + tail);
}

static inline float dnn_log_f(float x)
{
    const int small = x < 0x1p-126f, usual = (x > 0.0f) & (x < INFINITY);
    const float log_x = dnn_log_core_f(dnn_select_f(small, x * 0x1p+23f, x), small * -23);
    const float below = dnn_select_f(x == 0.0f, -INFINITY, NAN), unusual = dnn_select_f(x <= 0.0f, below, x);
    return dnn_select_f(usual, log_x, unusual);
}

static inline float dnn_log1p_f(float x)
{
    /* y = 1 + x rounded; what the rounding lost is put back to first order. */
    const float y = 1.0f + x, back = y - 1.0f;
    const float lost = (1.0f - (y - back)) + (x - back), correction = lost / y;
    const int finite = (y > 0.0f) & (y < INFINITY);
    return dnn_log_f(y) + dnn_select_f(finite, correction, 0.0f);
}

static inline float dnn_tanh_f(float x)
{
    const float a = fabsf(x), s = x * x;
    float p = 0x1.1acd3ap-9f;
    p = dnn_fma_f(p, s, -0x1.0c8962p-7f);
    p = dnn_fma_f(p, s, 0x1.63ad1ap-6f);
    p = dnn_fma_f(p, s, -0x1.b9f220p-5f);
    p = dnn_fma_f(p, s, 0x1.11107cp-3f);
    p = dnn_fma_f(p, s, -0x1.555554p-2f);
    const float near = dnn_fma_f(a * s, p, a);
    const float twice = dnn_select_f(a > 15.0f, 30.0f, a + a);
    const float far = 1.0f - 2.0f / (dnn_exp_near_f(twice) + 1.0f);
    return copysignf(dnn_select_f(a < 0.625f, near, far), x);
}

static inline float dnn_erf_f(float x)
{
    const float a = fabsf(x), t = dnn_select_f(a > 4.0f, 4.0f, a), s = t * t;
    float p = 0x1.4f6762p-14f;
    p = dnn_fma_f(p, s, -0x1.a60a2ep-11f);
    p = dnn_fma_f(p, s, 0x1.544a1ap-8f);
    p = dnn_fma_f(p, s, -0x1.b8011ap-6f);
    p = dnn_fma_f(p, s, 0x1.ce2d64p-4f);
    p = dnn_fma_f(p, s, -0x1.812740p-2f);
    p = dnn_fma_f(p, s, 0x1.06eba8p-3f);
    const float near = dnn_fma_f(t, p, t);
    /* 1 - e^(t q), t q = log erfc t */
    float q = -0x1.e87fa8p-17f;
    q = dnn_fma_f(q, t, 0x1.7294e8p-12f);
    q = dnn_fma_f(q, t, -0x1.ec6d6ap-9f);
    q = dnn_fma_f(q, t, 0x1.88f7fcp-6f);
    q = dnn_fma_f(q, t, -0x1.b41f76p-4f);
    q = dnn_fma_f(q, t, -0x1.45211cp-1f);
    q = dnn_fma_f(q, t, -0x1.20f118p+0f);
    const float far = 1.0f - dnn_exp_near_f(t * q);
    return copysignf(dnn_select_f(t < 0.92f, near, far), x);
}

/* e^-abs(x) cannot overflow; both sides of 0 come from it. */
static inline float dnn_sigmoid_f(float x)
{
    const float e = dnn_exp_f(-fabsf(x));
    return dnn_select_f(x < 0.0f, e, 1.0f) / (1.0f + e);
}

static inline float dnn_softplus_f(float x)
{
    const float e = dnn_exp_f(-fabsf(x)), y = 1.0f + e, lost = e - (y - 1.0f);
    return dnn_select_f(x > 0.0f, x, 0.0f) + (dnn_log_core_f(y, 0) + lost / y);
}

/** sin(2 pi turns), for abs(turns) <= 2^20: to 2^-22. The cosine is sine of a quarter turn more: taking both of one angle
 * would not vectorize. */
static inline float dnn_sin_turns_f(float turns)
{
    /* v within a quarter turn of the nearest half turn; odd half turns change the sign. */
    const float shifted = turns * 2.0f + 0x1.8p+23f, halves = shifted - 0x1.8p+23f;
    const float v = dnn_fma_f(halves, -0.5f, turns), s = v * v;
    float p = 0x1.4701dap+5f;
    p = dnn_fma_f(p, s, -0x1.32e974p+6f);
    p = dnn_fma_f(p, s, 0x1.466f3ep+6f);
    p = dnn_fma_f(p, s, -0x1.4abbf0p+5f);
    p = dnn_fma_f(p, s, 0x1.921fb6p+2f);
    return dnn_float_of_bits(dnn_bits_of_f(v * p) ^ (dnn_bits_of_f(shifted) << 31));
}

/* ---- real ---- */

#ifdef DNN_DOUBLE
static inline real dnn_exp(real x) { return exp(x); }
static inline real dnn_log(real x) { return log(x); }
static inline real dnn_log1p(real x) { return log1p(x); }
static inline real dnn_expm1(real x) { return expm1(x); }
static inline real dnn_tanh(real x) { return tanh(x); }
static inline real dnn_erf(real x) { return erf(x); }
static inline real dnn_sigmoid(real x)
{
    const real e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}
static inline real dnn_softplus(real x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
static inline real dnn_fma(real a, real b, real c) { return fma(a, b, c); }
static inline real dnn_sqrt(real x) { return sqrt(x); }
static inline real dnn_abs(real x) { return fabs(x); }
static inline real dnn_select(int condition, real a, real b) { return condition ? a : b; }
#else
static inline real dnn_exp(real x) { return dnn_exp_f(x); }
static inline real dnn_log(real x) { return dnn_log_f(x); }
static inline real dnn_log1p(real x) { return dnn_log1p_f(x); }
static inline real dnn_expm1(real x) { return dnn_expm1_f(x); }
static inline real dnn_tanh(real x) { return dnn_tanh_f(x); }
static inline real dnn_erf(real x) { return dnn_erf_f(x); }
static inline real dnn_sigmoid(real x) { return dnn_sigmoid_f(x); }
static inline real dnn_softplus(real x) { return dnn_softplus_f(x); }
static inline real dnn_fma(real a, real b, real c) { return dnn_fma_f(a, b, c); }
static inline real dnn_sqrt(real x) { return sqrtf(x); }
static inline real dnn_abs(real x) { return fabsf(x); }
static inline real dnn_select(int condition, real a, real b) { return dnn_select_f(condition, a, b); }
#endif

#endif
