/* Whole files in memory, and the column reader of physics 7.3. */
#include "files.h"

#include "errors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int read_file(const char *name, Bytes *bytes) {
    FILE *file = fopen(name, "rb");
    size_t room = 1 << 16, got;
    if (file == NULL)
        return 0;
    bytes->size = 0;
    bytes->data = need_memory(room + 1, 1);
    while ((got = fread(bytes->data + bytes->size, 1, room - bytes->size, file)) > 0) {
        bytes->size += got;
        if (bytes->size == room)
            bytes->data = need_room(bytes->data, (room *= 2) + 1, 1);
    }
    got = (size_t)ferror(file);
    fclose(file);
    bytes->data[bytes->size] = '\0';
    if (got != 0)
        free(bytes->data);
    return got == 0;
}

#define DELIMITERS " \t,;:!"
#define NUMBER_CHARACTERS "0123456789-+.EGeg"

/* A line ends at a newline only; on a last line without one the reader meets the end of the text instead,
   which is not recognised as a line end and stores one more column (physics 7.3). */
static const char *parse_line(const char *p, int columns, double *row) {
    for (int k = 0; k < columns; k++)
        row[k] = (double)NAN;
    for (int k = 0; k < columns; k++) {
        row[k] = strtod(p, NULL);
        p += strspn(p, NUMBER_CHARACTERS);
        if (*p == '\n')
            break;
        p += strcspn(p, DELIMITERS "\n");
        p += strspn(p, DELIMITERS);
        if (*p == '\n')
            break;
        if (*p == '\0' && k + 1 < columns) {
            row[k + 1] = 0.0;
            break;
        }
    }
    p += strcspn(p, "\n");
    return *p == '\n' ? p + 1 : p;
}

int read_columns(const char *name, int columns, double **table) {
    Bytes bytes;
    const char *p;
    int lines = 0;
    *table = NULL;
    if (!read_file(name, &bytes))
        return -1;
    p = bytes.data;
    while (*p != '\0') {
        const char *start = p + strspn(p, DELIMITERS);
        if (*start == '\n' || *start == '\0') {
            p = *start == '\n' ? start + 1 : start;
            continue;
        }
        *table = need_room(*table, (size_t)(lines + 1) * (size_t)columns, sizeof(double));
        p = parse_line(start, columns, *table + (size_t)lines * (size_t)columns);
        lines++;
    }
    free(bytes.data);
    return lines;
}
