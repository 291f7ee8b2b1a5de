/* Opening a data set: the rank that leads its team works, the others look on; agreements in between. */
#include "dnn/data/dataset.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "data/inside.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { LINE = 64 };

typedef struct opening {
    const dnn_data_config *config;
    const dnn_node *fitted;
    uint64_t seed;
    const dnn_source_kind *kind;
    void *state;          /* the source's, on the leader while it is open */
    dnn_source_info info; /* with its borrowed lists */
    dnn_choices choices;
} opening;

dnn_status dnn_lists_add(dnn_dataset *ds, const void *data, size_t bytes, size_t *offset)
{
    const size_t start = ds->plan.lists_bytes, end = start + (bytes + LINE - 1) / LINE * LINE;
    if (end > ds->lists_room) {
        const size_t room = end + ds->lists_room;
        char *const grown = dnn_realloc(ds->lists_draft, room, 1);
        if (grown == NULL) return DNN_E_MEMORY;
        ds->lists_draft = grown;
        ds->lists_room = room;
    }
    memset(ds->lists_draft + start, 0, end - start);
    if (data != NULL && bytes > 0) memcpy(ds->lists_draft + start, data, bytes);
    ds->plan.lists_bytes = end;
    *offset = start;
    return DNN_OK;
}

/* What leaders have done; the others pass DNN_OK. A lone leader is rank 0, and speaks for all. */
static dnn_status agree_leaders(const dnn_dataset *ds, dnn_status st)
{
    dnn_comm *const comm = dnn_team_comm(ds->team);
    return dnn_team_count(ds->team) == 1 ? dnn_agree_root(comm, st) : dnn_agree(comm, st);
}

/* Everybody gets rank 0's plan; leaders of other teams have made the same one or there is something wrong with their
 * files. */
static dnn_status share_plan(dnn_dataset *ds)
{
    dnn_comm *const comm = dnn_team_comm(ds->team);
    const uint64_t mine = ds->plan.seal;
    dnn_comm_broadcast(comm, &ds->plan, sizeof ds->plan, 0);
    if (dnn_team_count(ds->team) == 1) return DNN_OK;
    dnn_status st = DNN_OK;
    if (dnn_team_leads(ds->team) && mine != ds->plan.seal)
        st = dnn_fail(DNN_E_RANKS,
                      "data.source.%s: the data differ from those of rank 0: all ranks must see the same files",
                      ds->plan.kind);
    return dnn_agree(comm, st);
}

/* All teams do the same, that of the machine with the least memory. */
static bool agree_to_stream(dnn_dataset *ds, const opening *o)
{
    double wanted = o->state != NULL && dnn_stream_wanted(o->config, &o->info);
    dnn_comm_max(dnn_team_comm(ds->team), &wanted, 1);
    return wanted > 0.0;
}

static dnn_status find_out(dnn_dataset *ds, opening *o, bool streams)
{
    dnn_plan *const plan = &ds->plan;
    snprintf(plan->kind, sizeof plan->kind, "%s", o->kind->kind.name);
    plan->source = o->info;
    plan->source.columns = NULL;
    plan->source.numbers = NULL;
    plan->source.known = plan->source.found = NULL;
    plan->streams = streams;
    if (streams && o->info.fills)
        return dnn_fail(DNN_E_CONFIG, "data.stream: missing values of data.source.%s are filled in, which needs the inputs in memory: write "
                                      "stream: never, or store the data without gaps", plan->kind);
    dnn_status st = dnn_values_plan(plan);
    if (st == DNN_OK) st = dnn_views_make(ds, o->config, &o->info);
    plan->seal = dnn_facts_seal(plan);
    return st;
}

static dnn_status list_parts(dnn_dataset *ds, const dnn_choices *choices)
{
    dnn_status st = DNN_OK;
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) {
        const dnn_choice *const choice = &choices->at[part];
        dnn_part_rows *const rows = &ds->plan.parts[part];
        *rows = (dnn_part_rows){.first = choice->first, .count = choice->count, .listed = choice->list != NULL};
        if (rows->listed) st = dnn_lists_add(ds, choice->list, choice->count * sizeof *choice->list, &rows->list);
    }
    return st;
}

static dnn_status bring_in(dnn_dataset *ds, opening *o)
{
    const dnn_data_config *const config = o->config;
    const dnn_choice *const train = &o->choices.at[DNN_TRAIN];
    dnn_status st = ds->plan.streams ? dnn_stream_read(ds, o->kind, o->state) : dnn_values_read(ds, o->kind, o->state);
    if (st == DNN_OK) st = dnn_values_check(ds, &o->info);
    if (st == DNN_OK) st = dnn_split(ds, &config->split, &o->info, o->seed, &o->choices);
    if (st == DNN_OK) st = dnn_select(ds, config, &o->choices);
    if (st == DNN_OK) st = dnn_fill(ds, train, dnn_node_find(o->fitted, "fill"));
    if (st == DNN_OK) st = o->fitted != NULL ? dnn_fitted_take(ds, o->fitted) : dnn_fit(ds, &config->scale, train);
    if (st == DNN_OK) st = list_parts(ds, &o->choices);
    if (st == DNN_OK) st = dnn_facts_count(ds, &o->choices);
    if (st == DNN_OK) st = dnn_facts_hash(ds);
    return st;
}

static void hand_out_lists(dnn_dataset *ds)
{
    if (ds->lists_draft != NULL) memcpy(ds->lists.base, ds->lists_draft, ds->plan.lists_bytes);
    dnn_free(ds->lists_draft);
    ds->lists_draft = NULL;
    atomic_thread_fence(memory_order_seq_cst);
    dnn_comm_barrier(dnn_team_comm(ds->team));
    atomic_thread_fence(memory_order_seq_cst);
}

static dnn_status open_source(dnn_dataset *ds, opening *o)
{
    o->info.known = dnn_node_find(o->fitted, "source");
    const dnn_status st = o->kind->open(o->config->source.params, &o->info, &o->state);
    if (st != DNN_OK || o->info.found == NULL) return st;
    ds->found = dnn_node_copy(o->info.found);
    return ds->found == NULL ? DNN_E_MEMORY : DNN_OK;
}

static dnn_status open_with(dnn_dataset *ds, opening *o)
{
    const bool leads = dnn_team_leads(ds->team);
    dnn_status st = agree_leaders(ds, leads ? open_source(ds, o) : DNN_OK);
    const bool streams = st == DNN_OK && agree_to_stream(ds, o);
    if (st == DNN_OK) st = agree_leaders(ds, leads ? find_out(ds, o, streams) : DNN_OK);
    if (st == DNN_OK) st = share_plan(ds);
    if (st == DNN_OK) st = dnn_window_create(ds->team, ds->plan.bytes, &ds->values);
    if (st == DNN_OK && !streams) dnn_values_bind(ds);
    if (st == DNN_OK) st = agree_leaders(ds, leads ? bring_in(ds, o) : DNN_OK);
    if (st == DNN_OK) st = share_plan(ds);
    if (st == DNN_OK && streams) st = dnn_agree(dnn_team_comm(ds->team), leads ? DNN_OK : dnn_stream_follow(ds));
    if (streams && leads) dnn_stream_forget(ds);
    if (st == DNN_OK) st = dnn_window_create(ds->team, ds->plan.lists_bytes, &ds->lists);
    if (st != DNN_OK) return st;
    hand_out_lists(ds);
    ds->describe = dnn_facts_describe(&ds->plan);
    return dnn_agree(dnn_team_comm(ds->team), ds->describe == NULL ? DNN_E_MEMORY : DNN_OK);
}

dnn_status dnn_dataset_open(dnn_team *team, const dnn_data_config *config, uint64_t seed, const dnn_node *fitted,
                            dnn_dataset **out)
{
    *out = NULL;
    dnn_dataset *ds = dnn_alloc(1, sizeof *ds);
    opening *o = dnn_alloc(1, sizeof *o);
    dnn_status st = dnn_agree(dnn_team_comm(team), ds == NULL || o == NULL ? DNN_E_MEMORY : DNN_OK);
    if (st == DNN_OK) {
        ds->team = team;
        *o = (opening){
            .config = config, .fitted = fitted, .seed = seed, .kind = (const dnn_source_kind *)config->source.kind};
        DNN_ASSERT(o->kind != NULL);
        st = open_with(ds, o);
        if (o->state != NULL) o->kind->close(o->state);
        dnn_choices_clear(&o->choices);
    }
    dnn_free(o);
    if (st != DNN_OK) {
        dnn_dataset_close(ds);
        return st;
    }
    *out = ds;
    return DNN_OK;
}

void dnn_dataset_close(dnn_dataset *ds)
{
    if (ds == NULL) return;
    dnn_stream_close(ds);
    if (ds->team != NULL) {
        dnn_window_destroy(ds->team, &ds->values);
        dnn_window_destroy(ds->team, &ds->lists);
    }
    dnn_free(ds->lists_draft);
    dnn_free(ds->describe);
    dnn_node_destroy(ds->found);
    dnn_free(ds);
}

dnn_to_categorical dnn_dataset_to_categorical(const dnn_dataset *ds) { return ds->plan.to_categorical; }
size_t dnn_dataset_inputs(const dnn_dataset *ds) { return ds->plan.n_inputs; }
size_t dnn_dataset_targets(const dnn_dataset *ds) 
{
    return ds->plan.mirrors ? ds->plan.n_inputs : ds->plan.n_targets;
}


const dnn_array_info *dnn_dataset_input(const dnn_dataset *ds, size_t i)
{
    DNN_ASSERT(i < ds->plan.n_inputs);
    return &ds->plan.inputs[i].info;
}

const dnn_array_info *dnn_dataset_target(const dnn_dataset *ds, size_t i)
{
    DNN_ASSERT(i < dnn_dataset_targets(ds));
    return ds->plan.mirrors ? &ds->plan.inputs[i].info : &ds->plan.targets[i].info;
}

uint64_t dnn_dataset_rows(const dnn_dataset *ds, dnn_part part) { return ds->plan.parts[part].count; }
bool dnn_dataset_weighted(const dnn_dataset *ds) { return ds->plan.source.weighted; }

uint64_t dnn_dataset_class_count(const dnn_dataset *ds, dnn_part part, size_t c)
{
    const dnn_array_info *const target = &ds->plan.targets[0].info;
    if (ds->plan.mirrors || ds->plan.n_targets == 0 || !target->labels || c >= target->classes) return 0;
    return ((const uint64_t *)dnn_lists_at(ds, ds->plan.counts))[(size_t)part * target->classes + c];
}

uint64_t dnn_dataset_hash(const dnn_dataset *ds) { return ds->plan.hash; }
const char *dnn_dataset_describe(const dnn_dataset *ds) { return ds->describe; }
