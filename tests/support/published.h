/* Large published data that the tests compare with; they lie outside of the project. */
#ifndef DNN_TESTS_PUBLISHED_H
#define DNN_TESTS_PUBLISHED_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Path of published data: DNN_DATA_DIR, else ../shared/data beside the project; NULL (saying so) where it is not. */
__attribute__((unused)) static const char *published(const char *name)
{
    static char paths[8][4096];
    static int next;
    char *const path = paths[next++ % 8];
    const char *const given = getenv("DNN_DATA_DIR"), *const source = getenv("DNN_TEST_SOURCE");
    if (given != NULL)
        snprintf(path, sizeof paths[0], "%s/%s", given, name);
    else
        snprintf(path, sizeof paths[0], "%s/../../shared/data/%s", source != NULL ? source : "tests", name);
    if (access(path, R_OK) == 0) return path;
    print_message("skipped: %s is not there (set DNN_DATA_DIR)\n", path);
    return NULL;
}

#endif
