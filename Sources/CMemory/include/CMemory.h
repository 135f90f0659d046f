/*
 * What is to be said about memory, and Swift has no words for.
 */
#ifndef STAMPEDE_CMEMORY_H
#define STAMPEDE_CMEMORY_H

#include <stddef.h>
#include <stdlib.h>

/* Asks for the cache lines of an object, which will soon be read and written; never waits, never faults. */
static inline void prefetch_object(const void *object, size_t bytes) {
    for (size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)object + offset, 1, 3);
}

/* Room for so many objects, all bits zero; what is never written takes no memory. NULL if there is none. */
static inline void *zeroed_memory(size_t count, size_t size) { return calloc(count > 0 ? count : 1, size); }

/*
 * Asks for large pages under a block that will be read in no order: with pages of 4 kB nearly every look at it would first
 * have to find out where the page is. Must be told before the block is first written. The block begins at a multiple of
 * `large_page`. Systems without such a wish ignore it.
 */
enum { large_page = 2 << 20 };
void prefer_large_pages(void *block, size_t bytes);

#endif
