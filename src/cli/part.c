/* Parts of the data by name. */
#include "cli/command.h"

#include <string.h>

#include "dnn/data/dataset.h"

static const char *const names[DNN_PARTS] = { [DNN_TRAIN] = "train", [DNN_VALIDATION] = "validation", [DNN_TEST] = "test" };

const char *cli_part_name(int part)
{
    return names[part];
}

int cli_part(const cli_call *call)
{
    const char *text = cli_value(call, "part");
    int part = text ? 0 : -1;
    while (text && part < DNN_PARTS && strcmp(text, names[part]) != 0) part++;
    DNN_ASSERT(part < DNN_PARTS); /* the option's choices are these names */
    return part;
}
