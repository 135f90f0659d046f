#define _DEFAULT_SOURCE
#include "CMemory.h"

#if defined(__linux__)
#include <sys/mman.h>

void prefer_large_pages(void *block, size_t bytes) { (void)madvise(block, bytes, MADV_HUGEPAGE); }
#else
void prefer_large_pages(void *block, size_t bytes) {
    (void)block;
    (void)bytes;
}
#endif
