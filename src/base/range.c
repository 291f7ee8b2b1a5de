/* Ranges as written in parameter rows: "[0, 1)", "> 0", ">= 1"; choices "valid|same". */
#include "params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/number.h"

/* The number that ends at one of `ends`; NaN where there is none. */
static double bound(const char *begin, const char *ends, const char **end)
{
    char text[64];
    while (*begin == ' ') begin++;
    size_t length = strcspn(begin, ends);
    *end = begin + length;
    while (length > 0 && begin[length - 1] == ' ') length--;
    double value = (double)NAN;
    if (length >= sizeof text) return value;
    memcpy(text, begin, length);
    text[length] = '\0';
    if (strcmp(text, "inf") == 0) return (double)INFINITY;
    if (strcmp(text, "-inf") == 0) return -(double)INFINITY;
    return dnn_number_read(text, &value) ? value : (double)NAN;
}

bool dnn_range_parse(const char *text, dnn_range *out)
{
    const char *end;
    *out = (dnn_range){ .low = -(double)INFINITY, .high = (double)INFINITY };
    if (*text == '[' || *text == '(') {
        out->low_open = *text == '(';
        out->low = bound(text + 1, ",", &end);
        if (*end != ',') return false;
        out->high = bound(end + 1, "])", &end);
        out->high_open = *end == ')';
        return !isnan(out->low) && !isnan(out->high) && out->low <= out->high && *end && end[1] == '\0';
    }
    if (*text != '<' && *text != '>') return false;
    const bool open = text[1] != '=';
    const double value = bound(text + (open ? 1 : 2), "", &end);
    if (*text == '>') out->low = value, out->low_open = open;
    else out->high = value, out->high_open = open;
    return !isnan(value);
}

bool dnn_range_holds(const dnn_range *range, double value)
{
    if (range->low_open ? !(value > range->low) : !(value >= range->low)) return false;
    return range->high_open ? value < range->high : value <= range->high;
}

const char *dnn_range_describe(const char *text, char *out, size_t size)
{
    const bool interval = *text == '[' || *text == '(';
    snprintf(out, size, interval ? "must lie in %s" : "must be %s", text);
    return out;
}

size_t dnn_choices_count(const char *choices)
{
    size_t count = 1;
    for (; *choices; choices++) count += *choices == '|';
    return count;
}

const char *dnn_choice_at(const char *choices, size_t index, char *out, size_t size)
{
    while (index > 0 && *choices) index -= *choices++ == '|';
    size_t length = strcspn(choices, "|");
    if (length >= size) length = size - 1;
    memcpy(out, choices, length);
    out[length] = '\0';
    return out;
}

int dnn_choice_find(const char *choices, const char *word)
{
    char choice[DNN_CHOICE_TEXT];
    const size_t count = dnn_choices_count(choices);
    for (size_t i = 0; i < count; i++)
        if (strcmp(dnn_choice_at(choices, i, choice, sizeof choice), word) == 0) return (int)i;
    return -1;
}
