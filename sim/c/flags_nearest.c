/* Which option was probably meant. */
#include "flags.h"

#include "errors.h"

#include <string.h>

/* The number of edits (insert, delete, replace, swap neighbours) that lead from one word to the other. */
static int edits(const char *from, const char *to) {
    enum { WIDTH = 32 };
    int table[WIDTH][WIDTH], n = (int)strlen(from), m = (int)strlen(to);
    if (n >= WIDTH || m >= WIDTH)
        return WIDTH;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            int best = i == 0 ? j : j == 0 ? i : table[i - 1][j - 1] + (from[i - 1] != to[j - 1]);
            if (i > 0 && j > 0) {
                if (table[i - 1][j] + 1 < best)
                    best = table[i - 1][j] + 1;
                if (table[i][j - 1] + 1 < best)
                    best = table[i][j - 1] + 1;
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] &&
                    table[i - 2][j - 2] + 1 < best)
                    best = table[i - 2][j - 2] + 1;
            }
            table[i][j] = best;
        }
    return table[n][m];
}

/* The option that was probably meant: one that begins so, else the one with the fewest edits; NULL if none is near. */
static const char *nearest_option(const char *argument) {
    const char *nearest = NULL;
    int size = (int)strlen(argument), best = size < 6 ? 2 : 4, here;
    for (int k = 0; k < FLAG_COUNT; k++)
        if (size > 2 && strncmp(FLAGS[k].name, argument, (size_t)size) == 0)
            return FLAGS[k].name;
    for (int k = 0; k < FLAG_COUNT; k++)
        if ((here = edits(argument, FLAGS[k].name)) < best) {
            best = here;
            nearest = FLAGS[k].name;
        }
    return nearest;
}

void warn_unknown(const char *argument) {
    const char *nearest = nearest_option(argument);
    if (nearest != NULL)
        warn("unknown argument %s is ignored; the nearest option is %s", argument, nearest);
    else
        warn("unknown argument %s is ignored", argument);
}
