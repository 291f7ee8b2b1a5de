/* JSON as trees. What was read can be written, and what was written reads back equal. */
#include "dnn/io/tree.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnn_node *root, *again;
    char *text;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    const dnn_status st = dnn_json_parse((const char *)data, size, "x.json", &root);
    if (st == DNN_OK) {
        CHECK(dnn_json_write(root, &text) == DNN_OK);
        CHECK(dnn_json_parse(text, strlen(text), "again", &again) == DNN_OK);
        CHECK(dnn_node_equal(root, again));
        dnn_node_destroy(again);
        dnn_free(text);
    } else {
        check_refusal(st, DNN_E_CONFIG);
    }
    dnn_node_destroy(root);
    dnn_place_forget();
    check_balance(before);
    return 0;
}
