/* Parts of the data by name. */
#include "cli/command.h"

#include <string.h>

#include "dnn/data/dataset.h"

static const char *const names[DNN_PARTS] = { [DNN_TRAIN] = "train", [DNN_VALIDATION] = "validation", [DNN_TEST] = "test" };

const char *cli_part_name(int part)
{
    return names[part];
}

dnn_status cli_part(const cli_call *call, int *part)
{
    const char *text = cli_value(call, "part");
    *part = -1;
    if (!text) return DNN_OK;
    for (int i = 0; i < DNN_PARTS; i++)
        if (strcmp(text, names[i]) == 0) *part = i;
    return *part >= 0 ? DNN_OK : dnn_fail(DNN_E_CONFIG, "--part %s: must be one of train, validation, test", text);
}
