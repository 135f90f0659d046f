/*
 * Hints about memory, which Swift has no words for. They change nothing but time.
 */
#ifndef STAMPEDE_CMEMORY_H
#define STAMPEDE_CMEMORY_H

#include <stddef.h>

/* Asks for the cache lines of an object, which will soon be read and written; never waits, never faults. */
static inline void prefetch_object(const void *object, size_t bytes) {
    for (size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)object + offset, 1, 3);
}

/*
 * Asks for large pages under a block that will be read in no order: with pages of 4 kB nearly every look at it would first
 * have to find out where the page is. Must be told before the block is first written. The block begins at a multiple of
 * `large_page`. Systems without such a wish ignore it.
 */
enum { large_page = 2 << 20 };
void prefer_large_pages(void *block, size_t bytes);

#endif
