/* Errors and warnings: sentences on stderr. */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *kind, const char *format, va_list arguments) {
    fflush(stdout);
    fprintf(stderr, "reference: %s", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("error: ", format, arguments);
    va_end(arguments);
    exit(EXIT_TROUBLE);
}

/* Several rows of the table may read one value: what was said last is not said again. */
void warn(const char *format, ...) {
    static char last[1024];
    char text[sizeof last] = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (strcmp(text, last) == 0)
        return;
    memcpy(last, text, sizeof last);
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

void *need_memory(size_t count, size_t size) {
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL)
        fail("there is no memory for %zu items of %zu bytes; ask for a smaller image or grid", count, size);
    return memory;
}

void *need_room(void *old, size_t count, size_t size) {
    void *memory = count > (size_t)-1 / size ? NULL : realloc(old, count * size);
    if (memory == NULL)
        fail("there is no memory for %zu items of %zu bytes", count, size);
    return memory;
}
