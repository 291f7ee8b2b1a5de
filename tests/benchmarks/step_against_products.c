/* One training step of 784-300-100-10 at a batch of 32 on one rank, against its eight matrix products alone, taken in turns in one run. Prints
 * medians and their ratio; times are for people, no test asserts them.
 *
 *   step_against_products [threads] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "train/trial.h"
#include "dnn/math/blas.h"

enum { ROUNDS = 41, STEPS = 50, BATCH = 32 };

static const char *const network =
    "output: unused\ndata: {source: {glyphs: {train: 6400, test: 32}}, scale: {features: {divide: 255}}}\n"
    "model: {layers: [flatten, {dense: {units: 300, activation: relu, kernel_initializer: he_normal}},\n"
    "                 {dense: {units: 100, activation: relu, kernel_initializer: he_normal}}, {dense: {units: 10, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 32, optimizer: {sgd: {learning_rate: 0.001}}}\n";

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const size_t width[] = { 784, 300, 100, 10 };

/* Forward three, weight gradients three, gradients of inputs two: y = x w, dw = x' dy, dx = dy w'. */
static void products(float *const x[4], float *const dx[4], float *const w[3], float *const dw[3])
{
    for (int l = 0; l < 3; l++)
        dnn_gemm(false, false, BATCH, width[l + 1], width[l], 1, x[l], width[l], w[l], width[l + 1], 0, x[l + 1], width[l + 1]);
    for (int l = 2; l >= 0; l--) {
        dnn_gemm(true, false, width[l], width[l + 1], BATCH, 1, x[l], width[l], dx[l + 1], width[l + 1], 0, dw[l], width[l + 1]);
        if (l > 0) dnn_gemm(false, true, BATCH, width[l], width[l + 1], 1, dx[l + 1], width[l + 1], w[l], width[l + 1], 0, dx[l], width[l]);
    }
}

static float *random_values(size_t n)
{
    float *v = dnn_alloc_aligned(n * sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return v;
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
    float *x[4], *dx[4], *w[3], *dw[3];
    for (int l = 0; l < 4; l++) {
        x[l] = random_values(BATCH * width[l]);
        dx[l] = random_values(BATCH * width[l]);
    }
    for (int l = 0; l < 3; l++) {
        w[l] = random_values(width[l] * width[l + 1]);
        dw[l] = random_values(width[l] * width[l + 1]);
    }
    double step[ROUNDS], product[ROUNDS];
    trial_steps(&t, 1, STEPS);
    for (int r = 0; r < ROUNDS; r++) {
        double begin = seconds();
        trial_steps(&t, (uint64_t)r + 2, STEPS);
        step[r] = (seconds() - begin) / STEPS * 1e6;
        begin = seconds();
        for (int i = 0; i < STEPS; i++) products(x, dx, w, dw);
        product[r] = (seconds() - begin) / STEPS * 1e6;
    }
    qsort(step, ROUNDS, sizeof *step, ascending);
    qsort(product, ROUNDS, sizeof *product, ascending);
    printf("784-300-100-10, batch 32, %d thread%s: step %.0f us, its eight products %.0f us, ratio %.2f (medians of %d; best %.0f, %.0f)\n",
           threads, threads == 1 ? "" : "s", step[ROUNDS / 2], product[ROUNDS / 2], step[ROUNDS / 2] / product[ROUNDS / 2], ROUNDS, step[0], product[0]);
    for (int l = 0; l < 4; l++) {
        dnn_free(x[l]);
        dnn_free(dx[l]);
    }
    for (int l = 0; l < 3; l++) {
        dnn_free(w[l]);
        dnn_free(dw[l]);
    }
    trial_close(&t);
    return 0;
}
