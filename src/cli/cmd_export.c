/* export: a model for other programs. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/exchange/export.h"

static const cli_option options[] = {
    { "to", "keras|onnx", "a Keras HDF5 file without anything of ours, or ONNX", .kind = CLI_CHOICE, .required = true },
    { "out", "FILE", "where to", .required = true },
    { "scaling", NULL, .help = "puts the scaling of data.scale into the network, which then takes and gives values as they are in the data" },
    { "fold-batch-norm", NULL, .help = "takes each batch normalization into the dense or conv2d layer before it, or the dense one after it" },
    { "half", NULL, .help = "weights with half precision (float16)" },
    { "overwrite", NULL, .help = "replace FILE where it exists" },
};

static dnn_status print(const dnn_export_request *q, const dnn_export_result *r)
{
    table t;
    table_open(&t, 2);
    table_add(&t, "written");
    if (q->format == DNN_EXPORT_ONNX) table_format(&t, "%s, %zu bytes (ONNX, opset %d, IR version %d)", q->out, r->bytes, DNN_ONNX_OPSET, DNN_ONNX_IR);
    else table_format(&t, "%s, %zu bytes (Keras HDF5)", q->out, r->bytes);
    table_add(&t, "layers");
    table_format(&t, "%zu", r->layers);
    table_add(&t, "weights");
    table_format(&t, "%zu (%s)", r->weights, q->half ? "float16" : "float32");
    if (q->scaling) {
        table_add(&t, "scalings put in");
        table_format(&t, "%zu", r->scalings);
    }
    if (q->fold_batch_norm) {
        table_add(&t, "batch norms folded");
        if (r->folded) table_format(&t, "%zu; outputs changed by at most %.3g (%d random rows, largest output %.3g)", r->folded,
                                    r->fold_difference, DNN_EXPORT_ROWS, r->largest_output);
        else table_add(&t, "0");
    }
    if (q->half) {
        table_add(&t, "half precision");
        table_format(&t, "outputs changed by at most %.3g (%d random rows, largest output %.3g)", r->half_difference, DNN_EXPORT_ROWS, r->largest_output);
    }
    return table_print(&t, stdout, 0, false);
}

static dnn_status run(const cli_call *call)
{
    dnn_export_result result;
    const dnn_export_request request = {
        .model_file = call->words[0], .out = cli_value(call, "out"),
        .format = strcmp(cli_value(call, "to"), "onnx") == 0 ? DNN_EXPORT_ONNX : DNN_EXPORT_KERAS,
        .scaling = cli_value(call, "scaling") != NULL, .fold_batch_norm = cli_value(call, "fold-batch-norm") != NULL, .half = cli_value(call, "half") != NULL,
        .overwrite = cli_value(call, "overwrite") != NULL,
    };
    const dnn_status st = dnn_export(&request, &result);
    waiting_end();
    return st == DNN_OK ? print(&request, &result) : st;
}

const cli_command cli_export = {
    .name = "export", .words = "MODEL.h5", .help = "a model for other programs; folding checked by comparing outputs",
    .details = "The file holds what inference needs: layers that only train (dropout, noise, augmentation) are left out of ONNX. Without\n"
               "--scaling the scalers of the data section are no part of it; where there are some, a remark says what the inputs must be scaled by.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .run = run,
};
