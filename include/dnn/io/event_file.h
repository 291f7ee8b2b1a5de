/** Event files as TensorBoard reads them: records of protobuf messages `Event`, each framed by its length and the CRC-32C of both. Events are collected
 * in memory and appended to the file at once, so that a file of a run that was killed ends with a whole record or with the half
 * of one, which TensorBoard waits on. Local.
 *
 *     record   uint64 length | uint32 mask(crc(length)) | message | uint32 mask(crc(message)), all little-endian
 *     mask(c)  ((c >> 15) | (c << 17)) + 0xa282ead8 */
#ifndef DNN_IO_EVENT_FILE_H
#define DNN_IO_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"

/** Records on their way to a file. Begin with { 0 }; free with dnn_events_clear. */
typedef struct dnn_events {
    unsigned char *at;   /**< owned */
    size_t length, room;
    bool failed;         /**< out of memory; told by dnn_events_append */
} dnn_events;

/** What every event has: seconds since 1970 and the step (with Keras: the epoch, from 0). */
typedef struct dnn_event_time { double wall; int64_t step; } dnn_event_time;

/** The record that begins a file. */
void dnn_events_version(dnn_events *e, dnn_event_time at);
/** A training goes on at `at.step`: what other files of the folder say of this step and later ones no longer counts. */
void dnn_events_restart(dnn_events *e, dnn_event_time at);
void dnn_events_scalar(dnn_events *e, dnn_event_time at, const char *tag, double value);
/** Over 30 buckets of equal width from the smallest to the largest value; one bucket where all are equal. `values` are finite, n >= 1. */
void dnn_events_histogram(dnn_events *e, dnn_event_time at, const char *tag, const float *values, size_t n);
/** A text in Markdown, shown by TensorBoard's plugin of that name. */
void dnn_events_text(dnn_events *e, dnn_event_time at, const char *tag, const char *text);

/** Appends the records to the file and empties `e`. DNN_E_IO, DNN_E_MEMORY. */
dnn_status dnn_events_append(dnn_events *e, const char *path);
void dnn_events_clear(dnn_events *e);

/** "events.out.tfevents.<seconds>.<host>.<pid>.<n>": a name that no other file of the folder has. */
void dnn_event_file_name(char *out, size_t size);
/** Removes the event files of a folder, nothing else. DNN_E_IO; a folder that is not there has none. */
dnn_status dnn_event_files_remove(const char *folder);

/** CRC-32C (Castagnoli): reflected polynomial 0x82f63b78, begun with and finished by inverting all bits. "123456789" gives 0xe3069283. */
uint32_t dnn_crc32c(const void *data, size_t length);

#endif
