/* CSV tables, plain and packed, with a header line and without: rows are whole, cells are texts, numbers are finite. */
#include <math.h>

#include "dnn/io/csv.h"
#include "fuzz.h"

static void read_table(const uint8_t *data, size_t size, dnn_status (*read)(const char *path, dnn_csv *out))
{
    const size_t before = dnn_memory_balance();
    dnn_csv csv;
    const dnn_status st = read(file_of(data, size), &csv);
    if (st != DNN_OK) check_refusal(st, DNN_E_DATA);
    size_t letters = 0;
    for (size_t i = 0; st == DNN_OK && i < csv.rows * csv.columns; i++) {
        double value = 0.0;
        letters += strlen(csv.cell[i]);
        if (dnn_csv_number(csv.cell[i], &value)) CHECK(isfinite(value));
    }
    if (st == DNN_OK) CHECK(csv.columns > 0 && letters <= 200 * size + (4u << 20));
    for (size_t i = 0; st == DNN_OK && i < csv.columns; i++) {
        size_t column;
        CHECK(dnn_csv_column(&csv, csv.names[i], &column) == DNN_OK && column == i);
    }
    dnn_csv_clear(&csv);
    check_balance(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_table(data, size, dnn_csv_read);
    read_table(data, size, dnn_csv_read_bare);
    return 0;
}
