/* Model files on many ranks: rank 0 opens and judges, the others get what it read. */
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/io/tree.h"
#include "train/setup/setup.h"

/* A tree from rank 0 to all, as JSON; NULL stays NULL. */
static dnn_status broadcast_tree(dnn_comm *comm, const dnn_node *mine, const char *name, dnn_node **out)
{
    char *text = NULL;
    size_t length = 0;
    dnn_status st = DNN_OK;
    *out = NULL;
    if (dnn_comm_rank(comm) == 0 && mine) {
        st = dnn_json_write(mine, &text);
        length = text ? strlen(text) : 0;
    }
    st = dnn_agree_root(comm, st);
    void *block = text;
    if (st == DNN_OK) st = dnn_comm_broadcast_block(comm, &block, &length, 0);
    if (st == DNN_OK) st = dnn_agree(comm, length > 0 ? dnn_json_parse(block, length, name, out) : DNN_OK);
    dnn_free(block);
    return st;
}

dnn_status shared_model_open(dnn_comm *comm, const char *path, shared_model *out)
{
    *out = (shared_model){ 0 };
    const bool root = dnn_comm_rank(comm) == 0;
    dnn_status st = root ? dnn_model_open(path, &out->file) : DNN_OK;
    st = dnn_agree_root(comm, st);
    if (st != DNN_OK) return st;
    const dnn_node *architecture = NULL;
    if (root) {
        const dnn_port *ports = NULL;
        architecture = dnn_model_architecture(out->file, &ports, &out->n_inputs);
        if (ports) memcpy(out->inputs, ports, out->n_inputs * sizeof *ports);
    }
    dnn_comm_broadcast(comm, &out->n_inputs, sizeof out->n_inputs, 0);
    dnn_comm_broadcast(comm, out->inputs, sizeof out->inputs, 0);
    st = broadcast_tree(comm, architecture, path, &out->architecture);
    if (st == DNN_OK) st = broadcast_tree(comm, root ? dnn_model_training(out->file) : NULL, path, &out->training);
    if (st == DNN_OK) st = broadcast_tree(comm, root ? dnn_model_section(out->file) : NULL, path, &out->section);
    if (st != DNN_OK) shared_model_close(out);
    return st;
}

void shared_model_close(shared_model *m)
{
    if (m->file) dnn_model_close(m->file);
    dnn_node_destroy(m->architecture);
    dnn_node_destroy(m->training);
    dnn_node_destroy(m->section);
    dnn_node_destroy(m->origin);
    dnn_node_destroy(m->nested);
    *m = (shared_model){ 0 };
}

dnn_status share_with_leaders(dnn_team *team, void *data, size_t bytes)
{
    dnn_comm *leaders = NULL;
    if (dnn_team_count(team) == 1) return DNN_OK;
    const dnn_status st = dnn_comm_split(dnn_team_comm(team), dnn_team_leads(team) ? 0 : 1, &leaders);
    if (st != DNN_OK) return st;
    if (dnn_team_leads(team)) dnn_comm_broadcast(leaders, data, bytes, 0);
    dnn_comm_destroy(leaders);
    return DNN_OK;
}

dnn_status shared_values(dnn_team *team, shared_model *m, shared_read *read, void *context, float *values, size_t count)
{
    dnn_comm *comm = dnn_team_comm(team);
    dnn_status st = m->file ? read(context, m->file, values) : DNN_OK;
    st = dnn_agree_root(comm, st);
    if (st == DNN_OK) st = share_with_leaders(team, values, count * sizeof *values);
    dnn_comm_barrier(comm); /* the ranks of a team see what its leader was given */
    return st;
}

static dnn_status read_weights(void *context, dnn_model_file *file, float *values) { return dnn_model_weights(file, context, values); }

dnn_status shared_weights(dnn_team *team, shared_model *m, const dnn_graph *graph, float *weights)
{
    return shared_values(team, m, read_weights, (void *)graph, weights, graph->segments.total);
}
