/* IDX files, plain and packed. What the header declares is what a caller allocates, so it may not be more than the file
 * can hold. */
#include "dnn/io/idx.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t before = dnn_memory_balance();
    dnn_idx idx;
    dnn_status st = dnn_idx_open(file_of(data, size), &idx);
    if (st == DNN_OK) {
        size_t bytes = idx.bytes_per_value;
        for (size_t i = 0; i < idx.rank; i++) bytes *= idx.dim[i];
        CHECK(bytes <= 1032 * size);
        void *values = dnn_alloc(bytes, 1);
        st = dnn_idx_read(&idx, values);
        dnn_free(values);
        dnn_idx_close(&idx);
    }
    if (st != DNN_OK) check_refusal(st, DNN_E_DATA);
    check_balance(before);
    return 0;
}
