/* What ranks must have in common is one line of a text each; rank 0 sends its own, the others compare. */
#include "cli/alike.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { ID_TEXT = 80 };

static size_t padded(size_t bytes) { return (bytes + 3) & ~(size_t)3; }

/* The linker's digest of the program, which it keeps in a note: read from memory, no file is touched. */
static int read_build_id(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    char *text = out;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_NOTE) continue;
        const char *at = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), *end = at + info->dlpi_phdr[i].p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            memcpy(&note, at, sizeof note);
            const unsigned char *id = (const unsigned char *)at + sizeof note + padded(note.n_namesz);
            const bool found = note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(at + sizeof note, "GNU", 4) == 0;
            for (size_t b = 0; found && b < note.n_descsz && 2 * b + 2 < ID_TEXT; b++) snprintf(text + 2 * b, 3, "%02x", id[b]);
            at = (const char *)id + padded(note.n_descsz);
        }
    }
    return 1; /* the first object is the program */
}

static bool own_affair(const char *option)
{
    return strcmp(option, "threads") == 0 || strcmp(option, "quiet") == 0;
}

static void describe(const cli_call *call, FILE *f)
{
    char id[ID_TEXT] = "";
    dl_iterate_phdr(read_build_id, id);
    fprintf(f, "program %s\n%s\n", id, call->command->name);
    for (size_t i = 0; i < call->command->n_options; i++) {
        const char *name = call->command->options[i].name, *value = cli_value(call, name);
        if (value && !own_affair(name)) fprintf(f, "--%s%s%s\n", name, *value ? " " : "", value);
    }
    for (size_t i = 0; i < call->n_words; i++) fprintf(f, "%s\n", call->words[i]);
    for (size_t i = 0; i < call->n_overrides; i++) fprintf(f, "%s\n", call->overrides[i]);
}

/* The first line that differs; an end is an empty line. */
static dnn_status compare(const char *mine, const char *first)
{
    while (*mine || *first) {
        const size_t m = strcspn(mine, "\n"), f = strcspn(first, "\n");
        if (m != f || memcmp(mine, first, m) != 0)
            return dnn_fail(DNN_E_RANKS, "started with '%.*s' where rank 0 has '%.*s': all ranks need the same program and the same command line",
                            (int)m, mine, (int)f, first);
        mine += m + (mine[m] != '\0');
        first += f + (first[f] != '\0');
    }
    return DNN_OK;
}

dnn_status alike_check(const cli_call *call)
{
    char *mine = NULL;
    size_t length = 0, bytes = 0;
    void *first = NULL;
    FILE *f = open_memstream(&mine, &length);
    if (f) describe(call, f);
    const bool written = f && fclose(f) == 0;
    dnn_status st = dnn_agree(call->comm, written ? DNN_OK : dnn_fail(DNN_E_MEMORY, "no memory for the command line"));
    if (st == DNN_OK && dnn_comm_rank(call->comm) == 0) {
        first = mine;
        bytes = length;
    }
    if (st == DNN_OK) st = dnn_comm_broadcast_block(call->comm, &first, &bytes, 0);
    if (st == DNN_OK) st = dnn_agree(call->comm, compare(mine, first));
    if (first != mine) dnn_free(first);
    free(mine);
    return st;
}
