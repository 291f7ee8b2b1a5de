/* One training step of conv 32, conv 64, max pool, dense 128, dense 10 on 28x28 images at a batch of 128 on one rank (workload E), with the rate at
 * which it computes. Prints the median and the best of several rounds; times are for people, no test asserts them.
 *
 *   convolution_step [threads] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "train/trial.h"

enum { ROUNDS = 21, STEPS = 4, BATCH = 128 };

static const char *const network =
    "output: unused\ndata: {source: {glyphs: {train: 1024, test: 32}}, scale: {features: {divide: 255}}}\n"
    "model:\n  defaults: {conv2d: {kernel_size: 3, activation: relu}}\n"
    "  layers: [{reshape: {target_shape: [28, 28, 1]}}, {conv2d: {filters: 32}}, {conv2d: {filters: 64}}, max_pooling2d, flatten,\n"
    "           {dense: {units: 128, activation: relu}}, {dense: {units: 10, activation: softmax}}]\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 128, optimizer: {sgd: {learning_rate: 0.01}}}\n";

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Multiplications and additions: forward, by weights, and by inputs but for the first layer's. */
static double operations(void)
{
    const double first = 26 * 26 * 9 * 32, second = 24 * 24 * 288 * 64, third = 12 * 12 * 64 * 128, fourth = 128 * 10;
    return 2 * BATCH * (2 * first + 3 * (second + third + fourth));
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    trial t;
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    if (trial_open(NULL, network, threads, &t) != DNN_OK) return 1;
    double step[ROUNDS];
    trial_steps(&t, 1, STEPS);
    for (int r = 0; r < ROUNDS; r++) {
        const double begin = seconds();
        trial_steps(&t, (uint64_t)r + 2, STEPS);
        step[r] = (seconds() - begin) / STEPS;
    }
    qsort(step, ROUNDS, sizeof *step, ascending);
    printf("conv 32, conv 64, pool, dense 128, 10, batch %d, %d thread%s: step %.1f ms (median of %d; best %.1f), %.0f GFLOP/s at best\n", BATCH, threads,
           threads == 1 ? "" : "s", step[ROUNDS / 2] * 1e3, ROUNDS, step[0] * 1e3, operations() / step[0] * 1e-9);
    trial_close(&t);
    return 0;
}
