/* /optimizer_weights: number of updates, learning rate unless there is a schedule, then the moments of the trainable
 * weights: the first two slots weight by weight or slot by slot as the optimizer says, later slots slot by slot,
 * scalars last. */
#include "exchange/parts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/schedule.h"
#include "exchange/keras.h"

typedef struct slot_place {
    const dnn_segment *segment;
    size_t slot;
} slot_place;

static size_t trainable_of(const dnn_graph *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->segments.count; i++) n += g->segments.at[i].weight && g->segments.at[i].trainable;
    return n;
}

/* Adds slots first … end - 1, weight by weight. */
static void add_places(const dnn_graph *g, const size_t *order, size_t first, size_t end, slot_place *places, size_t *n)
{
    for (size_t i = 0; i < g->segments.count; i++) {
        const dnn_segment *s = &g->segments.at[order[i]];
        if (!s->weight || !s->trainable) continue;
        for (size_t slot = first; slot < end; slot++) places[(*n)++] = (slot_place){s, slot};
    }
}

/* All slots of all weights in the order of the file, which has the segments in this `order`; owned by the caller. */
static slot_place *places_of(const dnn_graph *g, const size_t *order, const dnn_component *optimizer, size_t *count)
{
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)optimizer->kind;
    const size_t vectors = dnn_optimizer_vectors(optimizer), own = dnn_optimizer_first_slot(optimizer);
    const size_t together = !kind->slots_by_weight ? own : vectors - own < 2 ? vectors : own + 2;
    slot_place *places = dnn_alloc(vectors * trainable_of(g) + 1, sizeof *places);
    *count = 0;
    if (!places) return NULL;
    for (size_t vector = 0; vector < own; vector++) add_places(g, order, vector, vector + 1, places, count);
    if (together > own) add_places(g, order, own, together, places, count);
    for (size_t vector = together; vector < vectors; vector++) add_places(g, order, vector, vector + 1, places, count);
    return places;
}

/* ---- writing ---- */

/* Segments as Keras has its variables; owned by the caller. */
static dnn_status keras_segments(const dnn_graph *g, size_t **segments)
{
    size_t *order, count, n = 0;
    dnn_status st = keras_order_make(g, &order, &count);
    *segments = st == DNN_OK ? dnn_alloc(g->segments.count, sizeof **segments) : NULL;
    if (st == DNN_OK && !*segments) st = DNN_E_MEMORY;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        size_t many = 0;
        const dnn_segment *first = order[i] < g->n_inputs ? NULL : weights_of_layer(g, order[i] - g->n_inputs, &many);
        for (size_t k = 0; k < many; k++) (*segments)[n++] = (size_t)(first - g->segments.at) + k;
    }
    dnn_free(order);
    return st;
}

typedef struct state_writer {
    model_writer *model;
    char prefix[64];
    char **names; /* owned */
    size_t count;
} state_writer;

static dnn_status write_one(state_writer *s, const char *name, dnn_hdf5_type type, size_t rank, const size_t *dim,
                            const void *values)
{
    char path[2 * MAX_NAME];
    s->names[s->count] = dnn_format("%s/%s", s->prefix, name);
    if (!s->names[s->count]) return DNN_E_MEMORY;
    snprintf(path, sizeof path, "/optimizer_weights/%s", s->names[s->count++]);
    return values_write(s->model, path, type, rank, dim, values);
}

/* As Keras makes it of the weight's path: sequential_h1_kernel_momentum. */
static const char *slot_name(const model_writer *w, const slot_place *place, char *out)
{
    const dnn_component *o = w->content->optimizer;
    char name[MAX_NAME];
    weights_name(w->sequential, place->segment, name);
    for (char *c = name; *c; c++)
        if (*c == '/') *c = '_';
    snprintf(out, MAX_NAME + 64, "%s_%.60s", name,
             dnn_optimizer_vector_name(o, place->slot));
    return out;
}

static dnn_status write_steps(state_writer *s)
{
    const dnn_model_content *c = s->model->content;
    const dnn_component *schedule = c->optimizer->params;
    const int32_t narrow = (int32_t)c->iterations;
    const int64_t wide = (int64_t)c->iterations;
    const float rate = (float)c->learning_rate;
    dnn_status st = c->iterations <= INT_MAX ? write_one(s, "iteration", DNN_HDF5_INT32, 0, NULL, &narrow)
                                             : write_one(s, "iteration", DNN_HDF5_INT64, 0, NULL, &wide);
    /* With a schedule Keras has no such variable; ours that it does not know are a number to it. */
    if (st == DNN_OK && !dnn_schedule_is_keras(schedule)) st = write_one(s, "learning_rate", DNN_HDF5_FLOAT, 0, NULL, &rate);
    return st;
}

static dnn_status write_slots(state_writer *s, const slot_place *places, size_t count)
{
    const dnn_model_content *c = s->model->content;
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)c->optimizer->kind;
    char name[MAX_NAME + 64];
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        const dnn_segment *segment = places[i].segment;
        st = write_one(s, slot_name(s->model, &places[i], name), DNN_HDF5_FLOAT, segment->shape.rank,
                       segment->shape.dim, c->slots[places[i].slot] + segment->offset);
    }
    for (size_t i = 0; i < kind->n_scalars && st == DNN_OK; i++) {
        const float value = (float)c->scalars[i];
        snprintf(name, sizeof name, i ? "variable_%zu" : "variable", i);
        st = write_one(s, name, DNN_HDF5_FLOAT, 0, NULL, &value);
    }
    /* Once more as doubles: going on after a restart must give the same bits. */
    if (st == DNN_OK && kind->n_scalars)
        st = values_write(s->model, "/dnn_mpi/optimizer_scalars", DNN_HDF5_DOUBLE, 1, &kind->n_scalars, c->scalars);
    return st;
}

dnn_status state_write(model_writer *w)
{
    const dnn_kind *kind = w->content->optimizer->kind;
    size_t count = 0, *order;
    state_writer s = {.model = w};
    dnn_status st = keras_segments(w->content->graph, &order);
    slot_place *places = st == DNN_OK ? places_of(w->content->graph, order, w->content->optimizer, &count) : NULL;
    dnn_free(order);
    s.names = places ? dnn_alloc(count + 2 + DNN_MAX_SCALARS, sizeof *s.names) : NULL;
    if (st == DNN_OK) st = s.names ? dnn_hdf5_group_make(w->hdf5, "/optimizer_weights") : DNN_E_MEMORY;
    keras_snake_case(kind->keras ? kind->keras : kind->name, s.prefix);
    if (st == DNN_OK) st = write_steps(&s);
    if (st == DNN_OK) st = write_slots(&s, places, count);
    if (st == DNN_OK)
        st = dnn_hdf5_attribute_write_texts(w->hdf5, "/optimizer_weights", "weight_names", (const char *const *)s.names,
                                            s.count);
    for (size_t i = 0; i < s.count; i++) dnn_free(s.names[i]);
    dnn_free(s.names);
    dnn_free(places);
    return st;
}

/* ---- reading ---- */

typedef struct state_reader {
    dnn_model_file *file;
    dnn_strings names;
    size_t at;
} state_reader;

static const dnn_shape single = {0};

static dnn_status path_of(const state_reader *s, char *out)
{
    if ((size_t)snprintf(out, MAX_NAME, "/optimizer_weights/%s", s->names.at[s->at]) < MAX_NAME) return DNN_OK;
    return model_fail(s->file, "/optimizer_weights", "names a variable too long");
}

static dnn_status read_next(state_reader *s, const dnn_shape *shape, const char *whose, dnn_hdf5_type type,
                            void *values)
{
    char path[MAX_NAME];
    dnn_status st = path_of(s, path);
    if (st == DNN_OK) st = values_check(s->file, path, shape, whose);
    if (st == DNN_OK) st = values_read(s->file, path, type, dnn_shape_units(shape), values);
    s->at++;
    return st;
}

static dnn_status read_steps(state_reader *s, uint64_t *iterations)
{
    int64_t steps = 0;
    if (s->names.count == 0) return model_fail(s->file, "/optimizer_weights", "holds nothing");
    if (strstr(s->names.at[0], "iter:0"))
        return model_fail(s->file, "/optimizer_weights",
                          "is in the order of Keras before 2.11; name the optimizer in the run file to start it anew");
    dnn_status st = read_next(s, &single, "the number of updates", DNN_HDF5_INT64, &steps);
    if (st == DNN_OK && steps < 0)
        st = model_fail(s->file, "/optimizer_weights", "%lld updates done", (long long)steps);
    *iterations = (uint64_t)steps;
    if (st == DNN_OK && s->at < s->names.count && strstr(s->names.at[s->at], "learning_rate")) s->at++;
    return st;
}

static dnn_status read_slots(state_reader *s, const dnn_component *optimizer, const slot_place *places, size_t count,
                             float *const *slots)
{
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)optimizer->kind;
    dnn_status st = DNN_OK;
    if (s->names.count != s->at + count + kind->n_scalars)
        return model_fail(s->file, "/optimizer_weights",
                          "has %zu variables behind the learning rate, but %s over this model has %zu",
                          s->names.count - s->at, kind->kind.name, count + kind->n_scalars);
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        const dnn_segment *segment = places[i].segment;
        char whose[200];
        snprintf(whose, sizeof whose, "%.60s of %.120s", dnn_optimizer_vector_name(optimizer, places[i].slot),
                 segment->name);
        st = read_next(s, &segment->shape, whose, DNN_HDF5_FLOAT, slots[places[i].slot] + segment->offset);
    }
    return st;
}

static dnn_status read_scalars(state_reader *s, size_t n, double *scalars)
{
    dnn_status st = DNN_OK;
    if (n > 0 && s->file->ours) return values_read(s->file, "/dnn_mpi/optimizer_scalars", DNN_HDF5_DOUBLE, n, scalars);
    for (size_t i = 0; i < n && st == DNN_OK; i++)
        st = read_next(s, &single, "a number of the optimizer", DNN_HDF5_DOUBLE, &scalars[i]);
    return st;
}

dnn_status dnn_model_optimizer(dnn_model_file *file, const dnn_graph *graph, const dnn_component *optimizer,
                               float *const *slots, double *scalars, uint64_t *iterations, bool *found)
{
    state_reader s = {.file = file};
    dnn_hdf5_object object;
    size_t count;
    *found = false;
    dnn_status st = dnn_hdf5_find(file->hdf5, "/optimizer_weights", &object);
    if (st != DNN_OK || object != DNN_HDF5_GROUP) return st;
    st = dnn_hdf5_attribute_texts(file->hdf5, "/optimizer_weights", "weight_names", &s.names, found);
    if (st != DNN_OK || !*found) return st;
    weight_paths weights;
    slot_place *places = NULL;
    st = weights_find(file, graph, &weights);
    if (st == DNN_OK && !(places = places_of(graph, weights.order, optimizer, &count))) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = read_steps(&s, iterations);
    /* compiled and never trained: Keras makes the moments at the first update */
    const bool fresh = st == DNN_OK && *iterations == 0 && s.at == s.names.count;
    if (fresh) *found = false;
    if (st == DNN_OK && !fresh) st = read_slots(&s, optimizer, places, count, slots);
    if (st == DNN_OK && !fresh)
        st = read_scalars(&s, ((const dnn_optimizer_kind *)optimizer->kind)->n_scalars, scalars);
    weights_paths_clear(graph, &weights);
    dnn_free(places);
    dnn_hdf5_names_clear(&s.names);
    return st;
}
