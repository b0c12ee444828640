/* How the program complains: one sentence on stderr; stdout belongs to what nanoBragg prints. */
#ifndef REFERENCE_ERRORS_H
#define REFERENCE_ERRORS_H

#include <stddef.h>

#if defined(__GNUC__)
#define PRINTF_LIKE __attribute__((format(printf, 1, 2)))
#define NEVER_RETURNS __attribute__((noreturn))
#else
#define PRINTF_LIKE
#define NEVER_RETURNS
#endif

/* The status of every detected error, as in nanoBragg. */
#define EXIT_TROUBLE 9

void fail(const char *format, ...) PRINTF_LIKE NEVER_RETURNS;
void warn(const char *format, ...) PRINTF_LIKE;

/* Memory or the end of the program. */
void *need_memory(size_t count, size_t size);
void *need_room(void *old, size_t count, size_t size);

#endif
