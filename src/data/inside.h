/** The inside of a data set. Two windows hold all that is large, once per team: `values` (what the source brought, as
 * it came) and `lists` (row lists, columns, scaling, counts). The plan says where in them things are: it has no
 * pointers, is made by the rank that leads its team and then broadcast. Functions here are Local and, where not said
 * otherwise, for the leader. */
#ifndef DNN_DATA_INSIDE_H
#define DNN_DATA_INSIDE_H

#include "dnn/data/dataset.h"
#include "data/scaler.h"
#include "data/source.h"
#include "dnn/io/map.h"

/** An input or target as the network sees it: some columns of one array of the source, scaled. */
typedef struct dnn_view {
    dnn_array_info info;
    size_t array, units;
    bool picked; /**< `columns` says which of the array's values; else all */
    bool scaled;
    char kind[32];        /**< of the scaler */
    size_t columns;       /**< offset in lists: size_t [units] */
    size_t shift, factor; /**< offset in lists: double [units] */
} dnn_view;

/** Rows of one part: those listed, or `count` from `first` on. Rows count through the source's parts. */
typedef struct dnn_part_rows {
    uint64_t first, count;
    bool listed;
    size_t list; /**< offset in lists: uint64_t [count] */
} dnn_part_rows;

typedef struct dnn_plan {
    dnn_source_info source;        /**< without its borrowed lists */
    char kind[64];                 /**< the source's name */
    uint64_t start[DNN_PARTS + 1]; /**< first row of each of the source's parts; then all rows */
    size_t x[DNN_SOURCE_ARRAYS], y[DNN_SOURCE_ARRAYS], weight, bytes; /**< offsets in values; size of values */
    bool streams;               /**< x stays in files, which all ranks map (stream.c); else in values */
    size_t places;              /**< then: offset in values of its places, which are each team's own */
    size_t n_inputs, n_targets; /**< targets of the source, by which classes are chosen even where `mirrors` */
    dnn_to_categorical to_categorical;
    bool mirrors;               /**< what is handed out as targets are the inputs */
    size_t n_target_views; /**< >= n_targets: a fitted scaling outlives the targets, for predictions */
    dnn_view inputs[DNN_SOURCE_ARRAYS], targets[DNN_SOURCE_ARRAYS];
    dnn_part_rows parts[DNN_PARTS];
    size_t counts;       /**< offset in lists: uint64_t [DNN_PARTS, classes of target 0] */
    size_t fill, n_fill; /**< offset in lists: double [n_fill], what missing values of x[0] became */
    size_t lists_bytes;
    uint64_t hash, seal; /**< of values and split; of all that leaders of teams must have alike so far */
} dnn_plan;

struct dnn_dataset {
    dnn_team *team;
    dnn_plan plan;
    dnn_window values, lists;
    const char *x[DNN_PARTS][DNN_SOURCE_ARRAYS];   /**< first row of each of the source's parts, in values or in a map */
    dnn_map maps[DNN_PARTS][DNN_SOURCE_ARRAYS];
    char *lists_draft; /**< the leader's lists until their window exists */
    size_t lists_room;
    char *describe;
    dnn_node *found;   /* what the source found, on leaders */
};

static inline size_t dnn_row_bytes(const dnn_source_array *array)
{
    return dnn_shape_units(&array->shape) * dnn_value_size(array->type);
}

/** A row of x[i] as the source brought it, rows counting through its parts. Any rank. */
static inline const char *dnn_x_row(const dnn_dataset *ds, size_t i, uint64_t row)
{
    const uint64_t *const start = ds->plan.start;
    const int part = (row >= start[1]) + (row >= start[2]);
    return ds->x[part][i] + (row - start[part]) * dnn_row_bytes(&ds->plan.source.x[i]);
}

/** Rows while they are being chosen. */
typedef struct dnn_choice {
    uint64_t first, count;
    uint64_t *list; /**< owned; NULL: first, first + 1, … */
} dnn_choice;

typedef struct dnn_choices {
    dnn_choice at[DNN_PARTS];
} dnn_choices;

static inline uint64_t dnn_choice_row(const dnn_choice *choice, uint64_t i)
{
    return choice->list != NULL ? choice->list[i] : choice->first + i;
}

/** Everything in lists, whether still a draft or in its window. Any rank. */
static inline const void *dnn_lists_at(const dnn_dataset *ds, size_t offset)
{
    return (const char *)(ds->lists_draft != NULL ? ds->lists_draft : (const char *)ds->lists.base) + offset;
}

/** Appends to the draft, aligned to 64 bytes; `data` NULL: zeros. */
dnn_status dnn_lists_add(dnn_dataset *ds, const void *data, size_t bytes, size_t *offset);

/* views.c */
/** One view for each array of the source, or those of `data.inputs`. `info` still has its names. */
dnn_status dnn_views_make(dnn_dataset *ds, const dnn_data_config *config, const dnn_source_info *info);

/* values.c */
/** Sizes and offsets of the values. */
dnn_status dnn_values_plan(dnn_plan *plan);
dnn_status dnn_values_read(dnn_dataset *ds, const dnn_source_kind *kind, void *state);
/** Where rows of x lie in values, for all ranks once its window is there. */
void dnn_values_bind(dnn_dataset *ds);
/** Finite values, labels whole and >= 0; finds which targets are labels. `info` still has its lists. */
dnn_status dnn_values_check(dnn_dataset *ds, const dnn_source_info *info);
/** Value `column` of input array 0 of a row. */
double dnn_values_input(const dnn_dataset *ds, uint64_t row, size_t column);
/** Label in target array 0 of a row. */
int64_t dnn_values_label(const dnn_dataset *ds, uint64_t row);

/* stream.c: inputs that stay in their file, or lie in a scratch file where that has them in another form */
/** Whether inputs of so many bytes should, by `data.stream`. */
bool dnn_stream_wanted(const dnn_data_config *config, const dnn_source_info *info);
/** Finds or makes the files and maps them; reads what else the source brings into values. */
dnn_status dnn_stream_read(dnn_dataset *ds, const dnn_source_kind *kind, void *state);
/** Maps what the leader has found or made. Any rank but the leader, after it has been agreed that all is well. */
dnn_status dnn_stream_follow(dnn_dataset *ds);
/** Takes the names of scratch files away. The leader, when all ranks have mapped them or there is nothing to map. */
void dnn_stream_forget(const dnn_dataset *ds);
void dnn_stream_close(dnn_dataset *ds); /**< any rank */
/** The kernel begins to read a row of x[i]. Any rank, any thread. */
void dnn_stream_expect(const dnn_dataset *ds, size_t i, uint64_t row);
/** Room that places take in values. */
extern const size_t dnn_stream_places_bytes;

/* split.c, split_file.c, select.c */
dnn_status dnn_split(const dnn_dataset *ds, const dnn_split_config *config, const dnn_source_info *info, uint64_t seed,
                     dnn_choices *choices);
dnn_status dnn_split_by_file(const dnn_dataset *ds, const dnn_split_config *config, const dnn_source_info *info,
                             dnn_choices *choices);
/** Leaves out classes, renumbers the others in the values, then cuts parts to their limits. */
dnn_status dnn_select(dnn_dataset *ds, const dnn_data_config *config, dnn_choices *choices);
void dnn_choices_clear(dnn_choices *choices);

/* fill.c, fit.c, fitted.c */
/** Puts the training part's means (or those in `fitted`) where values of x[0] are missing. */
dnn_status dnn_fill(dnn_dataset *ds, const dnn_choice *train, const dnn_node *fitted);
/** Scaling of all views, fitted in double over the training rows in their order. */
dnn_status dnn_fit(dnn_dataset *ds, const dnn_scale_config *config, const dnn_choice *train);
/** Scaling of all views as a model file has it. */
dnn_status dnn_fitted_take(dnn_dataset *ds, const dnn_node *fitted);

/* row.c: any rank */
/** One row of a view into doubles, not scaled. */
void dnn_row_raw(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row, double *out);
/** Asks for a row's cache lines ahead: shuffled rows lie where no hardware guesses them. */
void dnn_row_prefetch(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row);
/** One row of a view into floats, scaled. */
void dnn_row_scaled(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row, float *out);

/* facts.c */
/** Class counts and hashes into the plan; the parts must be in lists. */
dnn_status dnn_facts_count(dnn_dataset *ds, const dnn_choices *choices);
dnn_status dnn_facts_hash(dnn_dataset *ds);
/** Hash of sizes, shapes and types, before anything is read. */
uint64_t dnn_facts_seal(const dnn_plan *plan);
/** Any rank. NULL when out of memory. */
char *dnn_facts_describe(const dnn_plan *plan);

#endif
