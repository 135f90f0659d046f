/*
 * A hint to the processor that memory will soon be read and written, which Swift has no word for.
 */
#ifndef STAMPEDE_CPREFETCH_H
#define STAMPEDE_CPREFETCH_H

#include <stddef.h>

/* Asks for the cache lines of an object; never waits, never faults, and changes nothing but time. */
static inline void prefetch_object(const void *object, size_t bytes) {
    for (size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)object + offset, 1, 3);
}

#endif
