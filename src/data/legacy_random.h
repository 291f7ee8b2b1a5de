/** NumPy's legacy stream, RandomState(seed) with an integer seed: MT19937 (Matsumoto and Nishimura, TOMACS 8, 1998) and
 * the conversions that NumPy has frozen under that name (NEP 19). scikit-learn's generators draw from it, so the same
 * integer gives the very rows that texts and tutorials show. Nothing else in this program draws from a stateful
 * generator. Local. */
#ifndef DNN_DATA_LEGACY_RANDOM_H
#define DNN_DATA_LEGACY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNN_LEGACY_WORDS = 624 };

typedef struct dnn_legacy_random {
    uint32_t key[DNN_LEGACY_WORDS];
    size_t position;
    bool has_gauss; /**< the polar method makes two normals; the second waits here */
    double gauss;
} dnn_legacy_random;

void dnn_legacy_seed(dnn_legacy_random *random, uint32_t seed);
uint32_t dnn_legacy_bits(dnn_legacy_random *random);
/** random_sample: uniform in [0, 1) with 53 bits, from two words. */
double dnn_legacy_sample(dnn_legacy_random *random);
/** uniform(low, high). */
double dnn_legacy_uniform(dnn_legacy_random *random, double low, double high);
/** standard_normal: Marsaglia's polar method. */
double dnn_legacy_normal(dnn_legacy_random *random);
/** Uniform integer in [0, max] by masked rejection. */
uint64_t dnn_legacy_interval(dnn_legacy_random *random, uint64_t max);
/** shuffle of a vector of indices. */
void dnn_legacy_shuffle(dnn_legacy_random *random, size_t *values, size_t count);

#endif
