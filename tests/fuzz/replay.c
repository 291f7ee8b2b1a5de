/* A fuzz target without libFuzzer: every file of the folders given, then mutations of them, from a seed.
 *
 *     fuzz_yaml FOLDER… [-mutations=N] [-seed=S]
 *
 * An input that ends it is left behind as crash-<target>-<number>. */
#include <dirent.h>
#include <signal.h>

#include "dnn/base/random.h"
#include "fuzz.h"

enum { MAX_INPUTS = 1000, LARGEST = 1 << 20, GROWTH = 64 };

typedef struct input {
    uint8_t *at;
    size_t size;
} input;

static input inputs[MAX_INPUTS];
static size_t n_inputs;
static uint8_t now[LARGEST + 4 * GROWTH];
static size_t now_size;

static void keep_and_end(int signal_number)
{
    FILE *f = fopen("crash-input", "wb");
    if (f) {
        fwrite(now, 1, now_size, f);
        fclose(f);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void take_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || n_inputs == MAX_INPUTS) exit(2);
    uint8_t *at = malloc(LARGEST);
    inputs[n_inputs++] = (input){at, fread(at, 1, LARGEST, f)};
    fclose(f);
}

static int is_file(const struct dirent *e) { return e->d_name[0] != '.'; }

static void take_folder(const char *folder)
{
    struct dirent **list;
    const int n = scandir(folder, &list, is_file, alphasort);
    if (n < 1) {
        fprintf(stderr, "%s: no inputs\n", folder);
        exit(2);
    }
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        take_file(path);
        free(list[i]);
    }
    free(list);
}

static void run(void) { (void)LLVMFuzzerTestOneInput(now, now_size); }

/* Draws below n for place `k` of mutation `i`. */
static size_t below(const dnn_stream *s, uint64_t i, uint64_t k, size_t n)
{
    return n > 0 ? (size_t)dnn_below_at(s, i, k, n) : 0;
}

/* A piece [at, at + length) gives way to one of another input. */
static void splice(const dnn_stream *s, uint64_t i, uint64_t k)
{
    const input *other = &inputs[below(s, i, k, n_inputs)];
    const size_t at = below(s, i, k + 1, now_size + 1),
                 out = below(s, i, k + 2, now_size - at < GROWTH ? now_size - at + 1 : GROWTH),
                 from = below(s, i, k + 3, other->size),
                 in = below(s, i, k + 4, other->size - from < GROWTH ? other->size - from + 1 : GROWTH);
    if (now_size - out + in > sizeof now) return;
    memmove(now + at + in, now + at + out, now_size - at - out);
    memcpy(now + at, other->at + from, in);
    now_size += in - out;
}

static void mutate(const dnn_stream *s, uint64_t i)
{
    const input *from = &inputs[below(s, i, 0, n_inputs)];
    memcpy(now, from->at, from->size);
    now_size = from->size;
    const size_t changes = 1 + below(s, i, 1, 4);
    for (uint64_t c = 0; c < changes; c++) {
        const uint64_t k = 10 + 10 * c;
        const size_t at = below(s, i, k, now_size);
        switch (below(s, i, k + 1, 4)) {
        case 0:
            if (now_size) now[at] ^= (uint8_t)(1u << below(s, i, k + 2, 8));
            break;
        case 1:
            if (now_size) now[at] = (uint8_t)below(s, i, k + 2, 256);
            break;
        case 2:
            now_size = at;
            break;
        default:
            splice(s, i, k + 3);
        }
    }
}

int main(int argc, char **argv)
{
    size_t mutations = 0;
    dnn_stream stream = {.seed = 1, .purpose = DNN_FOR_CHECK};
    for (int i = 1; i < argc; i++)
        if (sscanf(argv[i], "-mutations=%zu", &mutations) != 1 && sscanf(argv[i], "-seed=%lu", &stream.seed) != 1)
            take_folder(argv[i]);
    signal(SIGABRT, keep_and_end);
    signal(SIGSEGV, keep_and_end);
    for (size_t i = 0; i < n_inputs; i++) {
        memcpy(now, inputs[i].at, inputs[i].size);
        now_size = inputs[i].size;
        run();
    }
    for (uint64_t i = 0; i < mutations && n_inputs; i++) {
        mutate(&stream, i);
        run();
    }
    printf("%zu inputs and %zu mutations of them\n", n_inputs, mutations);
    for (size_t i = 0; i < n_inputs; i++) free(inputs[i].at);
    return n_inputs ? 0 : 2;
}
