/* What the names of classes mean, in all the forms in which versions of Keras write them. */
#include "exchange/keras.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dnn/nn/initializer.h"
#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"

/* Short forms and former names that Keras takes, or took, beside the names of its classes. */
static const struct {
    const dnn_family *family;
    const char *name, *ours;
} short_forms[] = {
    {&dnn_losses, "logcosh", "log_cosh"},
    {&dnn_losses, "cosine_proximity", "cosine_similarity"},
    {&dnn_losses, "kullback_leibler_divergence", "kl_divergence"},
    {&dnn_metrics, "logcosh", "log_cosh"},
    {&dnn_metrics, "LogCoshError", "log_cosh"},
    {&dnn_metrics, "cosine_proximity", "cosine_similarity"},
    {&dnn_metrics, "kullback_leibler_divergence", "kl_divergence"},
    {&dnn_initializers, "uniform", "random_uniform"},
    {&dnn_initializers, "normal", "random_normal"},
    {&dnn_initializers, "zero", "zeros"},
    {&dnn_initializers, "one", "ones"},
};

const char *keras_text_at(const dnn_node *map, const char *key)
{
    const dnn_node *n = dnn_node_find(map, key);
    return n && n->type == DNN_NODE_STRING ? n->text : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

const dnn_kind *keras_find_class(const dnn_family *family, const char *class_name)
{
    char name[64], other[96];
    const dnn_kind *kind = dnn_family_find_keras(family, class_name);
    if (!kind) kind = dnn_family_find(family, class_name);
    if (!kind) kind = dnn_family_find(family, keras_snake_case(class_name, name));
    /* Short forms in capitals: MSE, KLD. */
    for (size_t i = 0; i < family->count && !kind; i++)
        if (strcasecmp(family->kinds[i]->name, class_name) == 0) kind = family->kinds[i];
    /* The class in small letters: l1l2, maxnorm. */
    for (size_t i = 0; i < family->count && !kind; i++)
        if (family->kinds[i]->keras && strcasecmp(family->kinds[i]->keras, class_name) == 0) kind = family->kinds[i];
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms && !kind; i++)
        if (short_forms[i].family == family && strcmp(short_forms[i].name, class_name) == 0)
            kind = dnn_family_find(family, short_forms[i].ours);
    if (kind || strlen(class_name) > 64) return kind;
    /* Orthogonal is OrthogonalInitializer in some versions. */
    if (ends_with(class_name, "Initializer"))
        snprintf(other, sizeof other, "%.*s", (int)(strlen(class_name) - strlen("Initializer")), class_name);
    else
        snprintf(other, sizeof other, "%sInitializer", class_name);
    return dnn_family_find_keras(family, other);
}
