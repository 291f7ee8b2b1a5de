/* Numbers as text and back. The C locale is asked for by name: a host program may have set another decimal point. */
#include "dnn/base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t enter(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_locale);
    return uselocale(c_locale);
}

static const char *special(double value, char out[DNN_NUMBER_TEXT])
{
    strcpy(out, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return out;
}

const char *dnn_number_text(double value, char out[DNN_NUMBER_TEXT])
{
    if (!isfinite(value)) return special(value, out);
    char text[DNN_NUMBER_TEXT];
    const locale_t before = enter();
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    uselocale(before);
    return strcpy(out, text);
}

const char *dnn_float_text(float value, char out[DNN_NUMBER_TEXT])
{
    if (!isfinite(value)) return special(value, out);
    char text[DNN_NUMBER_TEXT];
    const locale_t before = enter();
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    uselocale(before);
    return strcpy(out, text);
}

/* Sign, digits with one point somewhere, exponent: strtod alone would also take blanks, hexadecimal, inf and nan. */
static bool decimal(const char *text)
{
    size_t digits = 0;
    text += *text == '-' || *text == '+';
    for (; *text >= '0' && *text <= '9'; text++) digits++;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++) digits++;
    if (digits == 0) return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (*text < '0' || *text > '9') return false;
        while (*text >= '0' && *text <= '9') text++;
    }
    return *text == '\0';
}

bool dnn_number_read(const char *text, double *value)
{
    if (!decimal(text)) return false;
    const locale_t before = enter();
    *value = strtod(text, NULL);
    uselocale(before);
    return isfinite(*value);
}

bool dnn_integer_read(const char *text, int64_t *value)
{
    const char *digit = text + (*text == '-' || *text == '+');
    if (*digit < '0' || *digit > '9' || (*digit == '0' && digit[1])) return false;
    for (; *digit; digit++)
        if (*digit < '0' || *digit > '9') return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}
