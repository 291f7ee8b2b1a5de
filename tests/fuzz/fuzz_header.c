/* The header of our model files. A file that is taken for ours was sealed by us: sealing it again changes nothing. */
#include "exchange/header.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t before = dnn_memory_balance();
    bool ours;
    const dnn_status st = header_judge(file_of(data, size), 1, &ours);
    if (st != DNN_OK) check_refusal(st, DNN_E_MODEL);
    if (st == DNN_OK && ours) CHECK(size >= HEADER_SIZE);
    check_balance(before);
    return 0;
}
