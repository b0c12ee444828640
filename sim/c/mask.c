/* The pixels of a mask image: physics 2.3. 16-bit words, not swapped; zero: skip the pixel. */
#include "experiment.h"

#include "errors.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>

void load_mask(Experiment *e) {
    const char *name = e->options.mask_file, *size;
    size_t skip = 512, need = 2 * (size_t)e->detector.spixels * (size_t)e->detector.fpixels;
    Bytes bytes;
    if (name == NULL)
        return;
    if (!read_file(name, &bytes))
        fail("the mask %s cannot be read", name);
    if ((size = strstr(bytes.data, "HEADER_BYTES")) != NULL && (size = strchr(size, '=')) != NULL)
        skip = (size_t)strtoul(size + 1, NULL, 10);
    if (skip > bytes.size || bytes.size - skip < need)
        fail("the mask %s has fewer pixels than the image of %d slow x %d fast; make them the same size", name,
             e->detector.spixels, e->detector.fpixels);
    unsigned short *words = need_memory(need, 1);
    memcpy(words, bytes.data + skip, need);
    e->detector.mask = words;
    free(bytes.data);
}
