/* Texts of messages may hold pieces of files that strangers wrote. Private to base. */
#ifndef DNN_BASE_PLAIN_H
#define DNN_BASE_PLAIN_H

/* Puts '?' for what would move the cursor or begin a new line: control characters, those of two bytes as well. */
static inline void make_plain(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        const int second = c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F;
        if (second) c[1] = '?';
        if (second || *c < 0x20 || *c == 0x7F) *c = '?';
    }
}

#endif
