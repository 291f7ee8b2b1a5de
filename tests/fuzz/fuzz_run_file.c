/* Whole run files: a tree, then overrides (behind a line "---"), then every section's parameters. Nothing is opened. */
#include "dnn/io/tree.h"
#include "dnn/train/config.h"
#include "fuzz.h"

enum { MAX_OVERRIDES = 8, LONGEST = 4096 };

/* Lines of what stands behind the mark, each an override. */
static void override_all(dnn_node *root, char *text)
{
    const char *list[MAX_OVERRIDES];
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line && n < MAX_OVERRIDES; line = strtok(NULL, "\n")) list[n++] = line;
    const dnn_status st = dnn_config_override(root, list, n);
    if (st != DNN_OK) check_refusal(st, DNN_E_CONFIG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n---\n";
    dnn_node *root;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    const uint8_t *behind = memmem(data, size, mark, strlen(mark));
    const size_t length = behind ? (size_t)(behind - data) + 1 : size;
    if (dnn_yaml_parse((const char *)data, length, "run.yaml", &root) == DNN_OK) {
        char text[LONGEST] = "";
        if (behind)
            memcpy(text, behind + strlen(mark), size - length - 4 < LONGEST - 1 ? size - length - 4 : LONGEST - 1);
        override_all(root, text);
        dnn_config config = {0};
        const dnn_status st = dnn_config_read(root, &config);
        if (st == DNN_OK)
            dnn_config_clear(&config);
        else
            check_refusal(st, DNN_E_CONFIG);
        dnn_node_destroy(root);
    }
    dnn_place_forget();
    check_balance(before);
    return 0;
}
