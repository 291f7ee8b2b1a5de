/* What training.shards and comm.sentinel cost a step of 784-300-100-10 at a batch of 32, as ratios to the fast step, taken in turns in one run. Times are
 * for people, no test asserts them.
 *
 *   price_of_exactness [threads [team [optimizer]]]      also under mpirun; team: node or rank (the sentinel compares teams) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "train/trial.h"
#include "dnn/math/blas.h"
#include "train/step/replicas.h"

enum { ROUNDS = 41, STEPS = 100, VARIANTS = 5 };

static const char *const network =
    "output: unused\ndata: {source: {glyphs: {train: 6400, test: 32}}, scale: {features: {divide: 255}}}\n"
    "model: {layers: [flatten, {dense: {units: 300, activation: relu, kernel_initializer: he_normal}},\n"
    "                 {dense: {units: 100, activation: relu, kernel_initializer: he_normal}}, {dense: {units: 10, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 32, optimizer: {%s: {learning_rate: 0.0001}}}\n"
    "comm: {team: %s, sentinel: 0}\n";

typedef struct variant { char name[64]; runner run; double took[ROUNDS], ratio[ROUNDS]; } variant;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void work(void *context, int index)
{
    runner *r = context;
    worker *k = &r->workers[index - dnn_team_first_worker(r->team)];
    dnn_blas_use_one_thread();
    for (uint64_t s = 0; s < STEPS; s++) train_step(k, 1, s);
}

static void open_variant(trial *t, const char *name, size_t shards, uint64_t sentinel, variant *v)
{
    const dnn_training_config *c = &t->config.training;
    snprintf(v->name, sizeof v->name, "%s", name);
    const runner_options o = { .team = t->team, .graph = t->graph, .objective = t->objective, .dataset = t->dataset, .optimizer = &c->optimizer,
                               .shuffle = true, .cut = cut_batch(32, shards, t->team), .epochs = 1, .noise = c, .sentinel = sentinel };
    if (runner_create(&o, &v->run) != DNN_OK) fprintf(stderr, "%s: %s\n", name, dnn_fail_text());
    if (dnn_team_leads(t->team)) dnn_graph_initialize(t->graph, 0, v->run.weights);
    dnn_comm_barrier(dnn_team_comm(t->team));
}

static void measure(variant *v, int round)
{
    dnn_comm_barrier(dnn_team_comm(v->run.team));
    const double begin = seconds();
    dnn_team_run(v->run.team, work, &v->run);
    v->took[round] = (seconds() - begin) / STEPS * 1e6;
}

/* What the sentinel adds to a step every 100 steps, alone: it drowns in the noise of steps. */
static void measure_hash(variant *v)
{
    enum { TIMES = 200 };
    const worker *k = &v->run.workers[0];
    double took[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = seconds();
        for (int i = 0; i < TIMES; i++) replicas_put_hash(k, v->run.records[0]);
        took[round] = (seconds() - begin) / TIMES * 1e6;
    }
    qsort(took, ROUNDS, sizeof *took, ascending);
    printf("%-22s %7.1f us a time, every 100 steps %.2f %% of the fast step\n", "a worker's hash", took[ROUNDS / 2], took[ROUNDS / 2] / v->took[ROUNDS / 2]);
}

static void print(variant *v)
{
    qsort(v->took, ROUNDS, sizeof *v->took, ascending);
    qsort(v->ratio, ROUNDS, sizeof *v->ratio, ascending);
    printf("%-22s %7.1f us (best %7.1f)   %.3f of the fast step (half of the rounds: %.3f to %.3f)\n", v->name, v->took[ROUNDS / 2], v->took[0],
           v->ratio[ROUNDS / 2], v->ratio[ROUNDS / 4], v->ratio[3 * ROUNDS / 4]);
}

int main(int argc, char **argv)
{
    static variant variants[VARIANTS];
    dnn_comm *comm = NULL;
    trial t;
    char text[2048];
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    snprintf(text, sizeof text, network, argc > 3 ? argv[3] : "sgd", argc > 2 ? argv[2] : "node");
    if (trial_open(comm, text, argc > 1 ? atoi(argv[1]) : 1, &t) != DNN_OK) return 1;
    open_variant(&t, "fast", 0, 0, &variants[0]);
    open_variant(&t, "shards: 8", 8, 0, &variants[1]);
    open_variant(&t, "shards: workers", (size_t)dnn_team_all_workers(t.team), 0, &variants[2]);
    open_variant(&t, "sentinel: 100", 0, 100, &variants[3]);
    open_variant(&t, "fast, once more", 0, 0, &variants[4]);
    for (int round = -2; round < ROUNDS; round++) {
        for (int i = 0; i < VARIANTS; i++) {
            const int v = round % 2 ? VARIANTS - 1 - i : i;
            measure(&variants[v], round < 0 ? 0 : round);
        }
        for (int i = 0; i < VARIANTS && round >= 0; i++) variants[i].ratio[round] = variants[i].took[round] / variants[0].took[round];
    }
    if (dnn_comm_rank(comm) == 0)
        printf("784-300-100-10, batch 32, %s: %d ranks, %d teams, %d workers; medians of %d rounds of %d steps\n", argc > 3 ? argv[3] : "sgd", dnn_comm_size(comm),
               dnn_team_count(t.team), dnn_team_all_workers(t.team), ROUNDS, STEPS);
    for (int i = 0; i < VARIANTS; i++) {
        if (dnn_comm_rank(comm) == 0) print(&variants[i]);
        if (dnn_comm_rank(comm) == 0 && i == 0) measure_hash(&variants[i]);
        runner_destroy(&variants[i].run);
    }
    trial_close(&t);
    dnn_comm_finish(comm);
    return 0;
}
