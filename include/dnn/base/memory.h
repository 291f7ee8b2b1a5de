/** Heap memory, counted. Every allocation of our own goes through here so that tests can assert a
 * balance of zero at the end and no allocation in the step loop. Thread-safe. Local. */
#ifndef DNN_BASE_MEMORY_H
#define DNN_BASE_MEMORY_H

#include <stddef.h>

/** Zeroed; NULL (and a kept failure text with DNN_E_MEMORY) when there is none or count*size overflows.
 * A size of 0 gives a valid pointer. */
void *dnn_alloc(size_t count, size_t size);
/** Zeroed and aligned to 64 bytes (a cache line, and one AVX-512 register); freed by dnn_free. */
void *dnn_alloc_aligned(size_t bytes);
/** Grows or shrinks; new bytes are not zeroed. NULL on failure, the old block then stays. Not for aligned blocks. */
void *dnn_realloc(void *old, size_t count, size_t size);
void dnn_free(void *memory);
char *dnn_strdup(const char *text);
/** printf into a new string owned by the caller; NULL when out of memory. */
__attribute__((format(printf, 1, 2))) char *dnn_format(const char *format, ...);

/** Blocks allocated and not freed; allocations made so far (all threads). */
size_t dnn_memory_balance(void);
size_t dnn_memory_allocations(void);

#endif
