/* Components to Keras's config. */
#include "exchange/keras.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"
#include "dnn/optim/schedule.h"

/* How the members of a family are written; families that are not listed: {class_name, config}. */
typedef struct style {
    const dnn_family *family;
    const char *module; /* where Keras 3 must be told in which module a class is */
    bool by_name;       /* a bare name where the parameters are the defaults */
} style;

static const style styles[] = {
    {&dnn_activations, "keras.layers", true},
    {&dnn_schedules, "keras.optimizers.schedules", false},
    {&dnn_losses, "keras.losses", true},
    {&dnn_metrics, "keras.metrics", true},
};

static const style *style_of(const dnn_family *family)
{
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (styles[i].family == family) return &styles[i];
    return NULL;
}

const char *keras_snake_case(const char *class_name, char out[64])
{
    size_t n = 0;
    for (size_t i = 0; class_name[i] && n < 62; i++) {
        const bool upper = isupper((unsigned char)class_name[i]),
                   behind = i > 0 && islower((unsigned char)class_name[i - 1]);
        const bool before = islower((unsigned char)class_name[i + 1]);
        if (i > 0 && upper && (behind || before)) out[n++] = '_';
        out[n++] = (char)tolower((unsigned char)class_name[i]);
    }
    out[n] = '\0';
    return out;
}

/* Lists of shapes and sizes are numbers with a point in our rows; Keras wants them whole. */
static dnn_status make_whole(dnn_node *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const dnn_node *item = list->items[i];
        if (item->type != DNN_NODE_REAL || item->real != floor(item->real) || fabs(item->real) > 0x1p53) continue;
        dnn_node *whole = dnn_node_int((int64_t)item->real);
        if (!whole) return DNN_E_MEMORY;
        dnn_node_destroy(list->items[i]);
        list->items[i] = whole;
    }
    return DNN_OK;
}

static dnn_status encode_list(const dnn_components *components, dnn_node **out)
{
    *out = dnn_node_list();
    dnn_status st = *out ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < components->count && st == DNN_OK; i++) {
        dnn_node *item = NULL;
        st = keras_encode_component(&components->at[i], &item);
        if (st == DNN_OK) st = dnn_node_append(*out, item);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static dnn_status encode_row(const dnn_param *row, const dnn_component *c, dnn_node *config)
{
    const void *field = (const char *)c->params + row->offset;
    dnn_node *value = NULL;
    dnn_status st = DNN_OK;
    if (row->type == DNN_PARAM_NUMBERS && c->family != &dnn_schedules)
        return make_whole(dnn_node_find(config, row->key));
    if (row->type == DNN_PARAM_COMPONENT)
        st = keras_encode_component(field, &value);
    else if (row->type == DNN_PARAM_COMPONENTS)
        st = encode_list(field, &value);
    else
        return DNN_OK;
    return st == DNN_OK ? dnn_node_set(config, row->key, value) : st;
}

dnn_status keras_encode_config(const dnn_component *component, dnn_node **config)
{
    const dnn_kind *kind = component->kind;
    *config = kind->n_params ? dnn_params_write(kind->params, kind->n_params, component->params) : dnn_node_map();
    dnn_status st = *config ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < kind->n_params && st == DNN_OK; i++) st = encode_row(&kind->params[i], component, *config);
    if (st == DNN_OK && kind->encode) st = kind->encode(component->params, *config);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*config);
    *config = NULL;
    return st;
}

static bool has_default_params(const dnn_component *c)
{
    dnn_component preset;
    if (c->kind->n_params == 0) return true;
    if (dnn_component_make(c->family, c->kind->name, &preset) != DNN_OK) return false;
    dnn_node *a = dnn_component_write(c), *b = dnn_component_write(&preset);
    const bool same = a && b && dnn_node_equal(a, b);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
    dnn_component_clear(&preset);
    return same;
}

/* An activation with parameters is the layer of the same name. */
static const char *class_of(const dnn_component *c)
{
    if (c->family != &dnn_activations) return c->kind->keras;
    const dnn_kind *layer = dnn_family_find(&dnn_layers, c->kind->name);
    return layer ? layer->keras : NULL;
}

/* Of several kinds with one class the first: the others are aliases, which Keras does not take for losses. */
static const char *name_of(const dnn_component *c)
{
    const dnn_kind *first = c->kind->keras ? dnn_family_find_keras(c->family, c->kind->keras) : NULL;
    return first ? first->name : c->kind->name;
}

/* What Keras does not have is written under our name in a module of our own: Keras then says that it does not know it,
 * and cannot take it for something else. */
static dnn_status encode_object(const dnn_component *c, const style *how, dnn_node *object)
{
    const char *class_name = class_of(c), *module = class_name ? how ? how->module : NULL : "dnn_mpi";
    dnn_node *config = NULL;
    dnn_status st = DNN_OK;
    if (module) st = dnn_node_set(object, "module", dnn_node_string(module));
    if (st == DNN_OK) st = dnn_node_set(object, "class_name", dnn_node_string(class_name ? class_name : c->kind->name));
    if (st == DNN_OK) st = keras_encode_config(c, &config);
    if (st == DNN_OK) st = dnn_node_set(object, "config", config);
    if (st == DNN_OK && module) st = dnn_node_set(object, "registered_name", dnn_node_null());
    return st;
}

static dnn_node *number_of(const dnn_component *c)
{
    dnn_node *params = dnn_params_write(c->kind->params, c->kind->n_params, c->params);
    dnn_node *number = params ? dnn_node_copy(params->items[0]) : NULL;
    dnn_node_destroy(params);
    return number;
}

dnn_status keras_encode_component(const dnn_component *component, dnn_node **out)
{
    const style *how = component->kind ? style_of(component->family) : NULL;
    dnn_status st = DNN_OK;
    if (!component->kind) {
        *out = dnn_node_null();
    } else if (component->family->number_kind && strcmp(component->family->number_kind, component->kind->name) == 0) {
        *out = number_of(component);
    } else if (how && how->by_name && has_default_params(component)) {
        *out = dnn_node_string(name_of(component));
    } else {
        *out = dnn_node_map();
        if (*out) st = encode_object(component, how, *out);
    }
    if (!*out) return DNN_E_MEMORY;
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}
