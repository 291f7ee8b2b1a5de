/* Run files as trees. What was read can be written, and what was written reads back equal. */
#include "dnn/io/tree.h"
#include "fuzz.h"

static void write_and_read_again(const dnn_node *root)
{
    char *text;
    dnn_node *again;
    const dnn_status st = dnn_yaml_write(root, &text);
    if (st != DNN_OK) { /* longer than what is read: quotes and line breaks cost room */
        check_refusal(st, DNN_E_CONFIG);
        return;
    }
    CHECK(dnn_yaml_parse(text, strlen(text), "again", &again) == DNN_OK);
    CHECK(dnn_node_equal(root, again));
    dnn_node_destroy(again);
    dnn_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnn_node *root;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    const dnn_status st = dnn_yaml_parse((const char *)data, size, "run.yaml", &root);
    if (st == DNN_OK)
        write_and_read_again(root);
    else
        check_refusal(st, DNN_E_CONFIG);
    dnn_node_destroy(root);
    dnn_place_forget();
    check_balance(before);
    return 0;
}
