#include "CGSLErrors.h"

#include <gsl/gsl_errno.h>
#include <string.h>

static _Thread_local int last_code;
static _Thread_local char last_reason[160];

static void note_failure(const char *reason, const char *file, int line, int code)
{
    (void)file;
    (void)line;
    last_code = code;
    /* A copy: GSL promises nothing about how long the text lives. */
    strncpy(last_reason, reason ? reason : "", sizeof last_reason - 1);
}

/* The handler is one variable of the process, read without a lock: set it where no second thread can exist. */
__attribute__((constructor)) static void install(void)
{
    gsl_set_error_handler(note_failure);
}

int gsl_failure_take(void)
{
    int code = last_code;
    last_code = 0;
    return code;
}

const char *gsl_failure_reason(void)
{
    return last_reason;
}
