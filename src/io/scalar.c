/* Plain scalars: YAML 1.2, section 10.3 (core schema). Hexadecimal and octal are refused rather than read: 0123 is 83
 * for YAML 1.1, 123 for YAML 1.2 and text for others. */
#include "io/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/number.h"

static bool one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(text, *words) != 0) words++;
    return *words != NULL;
}

static const char *unsigned_part(const char *text) { return text + (*text == '-' || *text == '+'); }

static bool leading_zero(const char *text)
{
    const char *digits = unsigned_part(text);
    return digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
}

static bool other_base(const char *text)
{
    const char *digits = unsigned_part(text);
    if (digits[0] != '0' || !digits[1] || !digits[2]) return false;
    const char *allowed = digits[1] == 'x' ? "0123456789abcdefABCDEF" : digits[1] == 'o' ? "01234567" : "";
    return digits[2 + strspn(digits + 2, allowed)] == '\0';
}

static bool too_large(const char *text)
{
    char *end;
    if (text[strspn(text, "+-.0123456789eE")] != '\0') return false; /* strtod would take "infinity" too */
    return isinf(strtod(text, &end)) && *end == '\0';
}

static dnn_scalar special(const char *text)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL}, *const nans[] = {".nan", ".NaN", ".NAN",
                                                                                           NULL};
    if (one_of(text, nans)) return (dnn_scalar){.type = DNN_NODE_REAL, .real = (double)NAN};
    if (!one_of(unsigned_part(text), infinite)) return (dnn_scalar){.type = DNN_NODE_STRING};
    return (dnn_scalar){.type = DNN_NODE_REAL, .real = *text == '-' ? -(double)INFINITY : (double)INFINITY};
}

static dnn_scalar number(const char *text)
{
    dnn_scalar s = {.type = DNN_NODE_REAL};
    if (dnn_number_read(text, &s.real)) {
        if (leading_zero(text))
            s.refused = "a leading zero (octal for some readers): leave it out, or put the text in quotes";
        if (dnn_integer_read(text, &s.integer)) s.type = DNN_NODE_INT;
        return s;
    }
    if (other_base(text))
        s.refused = "write the number in decimal, or put the text in quotes";
    else if (too_large(text))
        s.refused = "too large for a number (at most 1.8e308)";
    else
        return special(text);
    return s;
}

dnn_scalar dnn_scalar_read(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL}, *const falses[] = {"false", "False", "FALSE",
                                                                                          NULL};
    if (one_of(text, nulls)) return (dnn_scalar){.type = DNN_NODE_NULL};
    if (one_of(text, trues)) return (dnn_scalar){.type = DNN_NODE_BOOL, .boolean = true};
    if (one_of(text, falses)) return (dnn_scalar){.type = DNN_NODE_BOOL};
    return number(text);
}
